// A process with one BullMQ worker: `queue-worker.ts '<QueueWorkerTask as JSON>'`, with an IPC channel.
import { once } from 'node:events'
import { withIdempotency } from '@holdfast/bullmq'
import { type ExecutionContext, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { type Job, UnrecoverableError, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { record } from './witness.ts'

export interface QueueWorkerTask {
  readonly queue: string
  /** `once`: the processor of the guide; `plain`: `run`, and nothing around it. */
  readonly processor: 'once' | 'plain'
  readonly leaseMs: number
  readonly witness: string
}

export interface QueuedWork {
  readonly key: string
  /** The work throws in so many first attempts. */
  readonly failures?: number
  /** The first attempt that does not throw lasts until the parent says that it may end. */
  readonly held?: boolean
  /** The work fails for good. */
  readonly fatal?: boolean
}

const { queue, processor, leaseMs, witness } = JSON.parse(process.argv[2] ?? '') as QueueWorkerTask
process.on('disconnect', () => process.exit()) // the parent is gone

const connection = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null })
const { idempotency } = createHoldfast({ storage: ioredisStorage(connection) })
const start = { leaseMs }

const work = async (
  { key, failures = 0, held, fatal }: QueuedWork,
  { attempt }: ExecutionContext,
): Promise<string> => {
  record(witness, 'ran', { key, attempt })
  if (fatal) throw new UnrecoverableError('fatal')
  if (attempt <= failures) throw new Error(`failure ${attempt}`)
  if (held && attempt === failures + 1) await once(process, 'message')
  record(witness, 'did', { key, attempt })
  return `attempt ${attempt}`
}

const processors = {
  once: withIdempotency((job: Job<QueuedWork>, _token, _signal, execution) => work(job.data, execution), {
    idempotency,
    key: (job) => job.data.key,
    ...start,
    maxDelayMs: 1_000,
  }),
  plain: async (job: Job<QueuedWork, string>) =>
    (await idempotency.run(job.queueName, job.data.key, start, (execution) => work(job.data, execution)))
      .result,
}

const worker = new Worker<QueuedWork, string>(queue, processors[processor], {
  connection,
  concurrency: 4,
  lockDuration: 1_000,
  stalledInterval: 300,
  // Nothing wakes an idle worker when a stalled job returns to the queue: it polls each second.
  drainDelay: 1,
  maxStalledCount: 1_000,
})
worker.on('error', (error) => record(witness, 'error', { message: error.message }))
worker.on('stalled', (id) => record(witness, 'stalled', { id }))
await worker.waitUntilReady()
process.send?.('ready')
