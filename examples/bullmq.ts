// #region setup
import { withIdempotency } from '@holdfast/bullmq'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { type Job, Queue, QueueEvents, Worker } from 'bullmq'
import { Redis } from 'ioredis'

const connection = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379', {
  maxRetriesPerRequest: null, // BullMQ demands it
})
connection.on('error', (error) => console.error('Redis:', error.message))
const holdfast = createHoldfast({ storage: ioredisStorage(connection), prefix: 'shop' })
const name = `invoices-${process.pid}`
let drawn = 0
// #endregion

// #region worker
interface Order {
  readonly orderId: string
}

const drawInvoice = withIdempotency(
  async (job: Job<Order>, _token, signal, execution) => {
    await execution.updateProgress(50, 'drawing the PDF') // of the job, too
    signal.throwIfAborted() // the lease or the lock is lost, or somebody cancelled
    drawn += 1
    return { number: `INV-${job.data.orderId}` }
  },
  {
    idempotency: holdfast.idempotency,
    key: (job) => job.data.orderId, // what makes two jobs the same work
  },
)

const worker = new Worker(name, drawInvoice, {
  connection,
  concurrency: 10,
  maxStalledCount: 1_000, // a worker that dies is no reason to give the job up
})
worker.on('error', (error) => console.error('BullMQ:', error.message))
// #endregion

const queue = new Queue(name, { connection })
const events = new QueueEvents(name, { connection })
await events.waitUntilReady()
const jobs = await Promise.all(['42', '42', '43'].map((orderId) => queue.add('invoice', { orderId })))
const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)))
console.log(results.map(({ number }) => number).join(' ')) // INV-42 INV-42 INV-43
console.log(`3 jobs, ${drawn} invoices drawn`) // 3 jobs, 2 invoices drawn

// #region stop
await worker.close() // waits for the jobs that it has begun
await holdfast.close()
// #endregion
await events.close()
await queue.obliterate()
await queue.close()
await connection.quit()
