export {
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisPool,
  type NodeRedisSentinel,
  type NodeRedisSingle,
  nodeRedisClient,
  nodeRedisStorage,
} from './node-redis.ts'
