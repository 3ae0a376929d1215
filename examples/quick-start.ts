import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop' })

// Of all instances that start the job, one makes the invoice. The others wait for it and get the same answer, as does
// every later start within a day. (Without completedWindowMs: within five minutes.)
const invoice = await holdfast.idempotency.run(
  'invoice',
  'order-42',
  { onInProgress: 'wait', completedWindowMs: 86_400_000 },
  async (execution) => {
    await execution.updateProgress(50, 'drawing the PDF')
    return { number: 'INV-7' }
  },
)
console.log(invoice.status, invoice.result.number) // executed INV-7, and for a day: replayed INV-7

await holdfast.close()
await redis.quit()
