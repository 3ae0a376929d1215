export { type RedisUnderTest, redisKit } from './redis-kit.ts'
