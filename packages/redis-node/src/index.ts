export { nodeRedisStorage } from './node-redis-storage.ts'
export type {
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPool,
  NodeRedisSentinel,
  NodeRedisSingle,
} from './node-redis-types.ts'
