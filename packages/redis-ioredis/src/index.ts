export { ioredisStorage } from './ioredis-storage.ts'
export type { IoredisClient, IoredisCluster, IoredisSingle } from './ioredis-types.ts'
