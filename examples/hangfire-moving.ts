import type { Redis } from 'ioredis'
import { createHoldfast } from '@holdfast/core'
import {
  type Hangfire,
  type HangfireHandler,
  createHangfire,
  defineHangfireJob,
  handle,
  t,
} from '@holdfast/hangfire-compat'
import { ioredisClient, ioredisStorage } from '@holdfast/redis-ioredis'

/** What the job does, in Node. */
export type Review = (reviewId: string, signal: AbortSignal) => Promise<void>

// #region lock
/** Does by hand what the job does, and never while a job does it, in either language. */
export async function reviewByHand(
  { locks }: Pick<Hangfire, 'locks'>,
  work: () => Promise<void>,
): Promise<void> {
  const lock = 'AiReviewJobs.ProcessReviewAsync'
  await locks.run(lock, { waitMs: 300_000 }, work)
}
// #endregion

// #region job
interface ReviewOptions {
  readonly Model?: string
}

const method = {
  type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews',
  method: 'ProcessReviewAsync',
  parameters: [
    t.guid,
    t.string,
    t.int32,
    t.nullable(t.object<ReviewOptions>('Acme.Reviews.ReviewOptions, Acme.Reviews')),
    t.cancellationToken,
  ],
} as const

export const processReview = defineHangfireJob(method)

export async function enqueueReview({ jobs }: Pick<Hangfire, 'jobs'>, reviewId: string): Promise<string> {
  return await jobs.enqueue(processReview, [reviewId, 'acme/web', 7, { Model: 'x' }])
}
// #endregion

// #region moved
/** The same method, now that it has [Queue("node")]. */
export const movedReview = defineHangfireJob({ ...method, queue: 'node' })

export const handleMoved = (review: Review): HangfireHandler =>
  handle(
    movedReview,
    {
      automaticRetry: { attempts: 2, onAttemptsExceeded: 'delete' },
      disableConcurrentExecution: { waitMs: 300_000 },
    },
    async ([reviewId, repository], job) => {
      await job.updateProgress(10, `reviewing ${repository}`)
      await review(reviewId, job.signal)
    },
  )
// #endregion

// #region serve
interface Where {
  readonly mode: 'shared' | 'own'
  readonly queues: readonly string[]
}

/** Runs jobs until it is disposed of. */
export async function serveNode(
  redis: Redis,
  handlers: readonly HangfireHandler[],
  { mode, queues }: Where = { mode: 'shared', queues: ['node'] },
): Promise<AsyncDisposable> {
  const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'reviews' })
  const hangfire = createHangfire({ client: ioredisClient(redis), prefix: '{hangfire}:', mode })
  await hangfire.serve({ queues, concurrency: 4, holdfast }, handlers)
  return {
    async [Symbol.asyncDispose]() {
      await hangfire.close() // What runs has 15 s, and then goes back into its queue.
      await holdfast.close()
    },
  }
}
// #endregion

// #region interface
/** C#: an interface that has no class, its method with [Queue("node")]. */
export const nodeReview = defineHangfireJob({
  type: 'Acme.Reviews.INodeQueueJobs, Acme.Reviews',
  method: 'Review',
  queue: 'node',
  parameters: [t.guid, t.cancellationToken],
})

export const handleInterface = (review: Review): HangfireHandler =>
  handle(
    nodeReview,
    { disableConcurrentExecution: { waitMs: 300_000, resource: 'AiReviewJobs.ProcessReviewAsync' } },
    async ([reviewId], job) => await review(reviewId, job.signal),
  )
// #endregion

// #region alone
const log = defineHangfireJob({
  type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews',
  method: 'Log',
  parameters: [t.string],
})

export async function serveAlone(
  redis: Redis,
  review: Review,
  write: (message: string) => void,
): Promise<AsyncDisposable> {
  const handlers = [
    handleMoved(review),
    handleInterface(review),
    handle(log, {}, ([message]) => write(message)),
  ]
  return await serveNode(redis, handlers, { mode: 'own', queues: ['default', 'node'] })
}
// #endregion
