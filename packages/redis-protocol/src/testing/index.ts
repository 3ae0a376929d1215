export { redisKit } from './redis-kit.ts'
export { type OpenUser, type RedisUnderTest, kitUsers } from './redis-under-test.ts'
