import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop' })

// Of all instances that start the job, one makes the invoice; the others wait for it and get the same answer. A later start
// within a day gets it too. (Without completedWindowMs: within five minutes.)
const once = { onInProgress: 'wait', completedWindowMs: 86_400_000 } as const
const invoice = await holdfast.idempotency.run('invoice', 'order-42', once, async (execution) => {
  await execution.updateProgress(50, 'drawing the PDF')
  return { number: 'INV-7' }
})
console.log(invoice.status, invoice.result.number) // executed INV-7, and for a day: replayed INV-7

// One holder at a time; lease.signal aborts in time if the lock is lost.
await holdfast.locks.run('stock:42', async (lease) => {
  console.log('mine, with the fencing token', lease.fencingToken)
})

// One load for the whole fleet, and a removal during the load wins.
const price = await holdfast.cache.getOrCreate('price:42', () => 19.9, { ttlMs: 60_000 })
console.log(price)

await holdfast.close()
await redis.quit()
