export {
  type IoredisClient,
  type IoredisCluster,
  type IoredisSingle,
  ioredisClient,
  ioredisStorage,
} from './ioredis.ts'
