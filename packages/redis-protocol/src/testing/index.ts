export { redisKit } from './redis-kit.ts'
export type { RedisUnderTest } from './redis-under-test.ts'
