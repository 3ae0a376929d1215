import { setTimeout as delay } from 'node:timers/promises'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const instance = process.env.INSTANCE ?? 'web-1'
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', () => {}) // the errors of Holdfast say why Redis does not answer
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop', instance })

// All instances ask for one piece of work: the job type says what it is, the job key which one.
const { status, result } = await holdfast.idempotency.run(
  'report',
  process.argv[2] ?? 'monday',
  { onInProgress: 'wait' },
  async (execution) => {
    console.log(`${instance} makes the report`)
    for (const percent of [25, 50, 75, 100]) {
      await delay(250) // your work
      await execution.updateProgress(percent)
    }
    return { orders: 42, madeBy: instance }
  },
)
console.log(`${instance}: ${status}, ${result.orders} orders, made by ${result.madeBy}`)

await holdfast.close()
await redis.quit()
