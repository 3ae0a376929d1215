// #region storage
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis) })
// #endregion

console.log((await holdfast.health()).status)
await holdfast.close()
await redis.quit()
