import { once } from 'node:events'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const name = process.argv[2] ?? 'A'
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
// The cache waits a quarter of a second for Redis, and then asks the shop without it.
await once(redis, 'ready')
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'steps', instance: name })

const price = await holdfast.cache.getOrCreate(
  'price:42',
  async () => {
    console.log(`${name} asks the slow shop for the price. Press Enter: it answers.`)
    await once(process.stdin, 'data')
    return 19.9
  },
  { ttlMs: 600_000, waitMs: 600_000, hardTimeoutMs: 600_000 },
)
console.log(`${name} has the price ${price}`)

process.stdin.pause()
await holdfast.close()
await redis.quit()
