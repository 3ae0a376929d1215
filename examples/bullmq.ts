import assert from 'node:assert/strict'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Queue, QueueEvents, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { processOnce } from './queue-processor.ts'

const connection = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379', {
  maxRetriesPerRequest: null,
})
connection.on('error', (error) => console.error('Redis:', error.message))
const holdfast = createHoldfast({ storage: ioredisStorage(connection) })
const name = `invoices-${process.pid}`
let drawn = 0

// #region worker
interface Order {
  readonly id: string
}

const processor = processOnce(
  holdfast.idempotency,
  ({ id }: Order) => id,
  async ({ id }, execution) => {
    await execution.updateProgress(50, 'drawing the PDF')
    drawn += 1
    return { number: `INV-${id}` }
  },
)
// BullMQ fails a job whose workers died more than `maxStalledCount` times, and does not ask for its attempts.
const worker = new Worker(name, processor, { connection, concurrency: 10, maxStalledCount: 1_000 })
worker.on('error', (error) => console.error('BullMQ:', error.message))
// #endregion

const events = new QueueEvents(name, { connection })
const queue = new Queue<Order, { readonly number: string }>(name, { connection })
await events.waitUntilReady()
const twice = await Promise.all([queue.add('invoice', { id: '42' }), queue.add('invoice', { id: '42' })])
const results = await Promise.all(twice.map((job) => job.waitUntilFinished(events)))
console.log(results, drawn) // twice INV-42, drawn once
assert.deepEqual([results, drawn], [[{ number: 'INV-42' }, { number: 'INV-42' }], 1])

// #region stop
await worker.close() // waits for the jobs that it has begun
await holdfast.close({ graceMs: 10_000 })
// #endregion
await events.close()
await queue.obliterate()
await queue.close()
await connection.quit()
