import { createHoldfast } from '@holdfast/core'
import { openRedis, parseRedisUrl } from '@holdfast/redis-connect'
import { redisStorage } from '@holdfast/redis-protocol'

const url = process.env.REDIS_URL ?? 'redis://localhost:6379'
const redis = await openRedis(parseRedisUrl(url), { timeoutMs: 5_000 })
const holdfast = createHoldfast({ storage: redisStorage(redis.client), prefix: 'shop' })

const { holders } = await holdfast.locks.inspect('report')
console.log(`${holders.length} hold the lock`)

await holdfast.close()
redis.end()
