import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis) })

// One holder at a time, of all instances.
await holdfast.locks.run('stock:42', async (lease) => {
  console.log('mine, with the fencing token', lease.fencingToken)
})

await holdfast.close()
await redis.quit()
