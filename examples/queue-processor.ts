// #region processor
import {
  type ExecutionContext,
  HoldfastError,
  type Idempotency,
  type StartOptions,
  recordedFailureOf,
} from '@holdfast/core'
import { DelayedError, type Job, UnrecoverableError } from 'bullmq'

/** How the work stands is open, or known elsewhere. That is no failed attempt: the job looks again later. */
const OPEN = new Set([
  'EXECUTION_IN_PROGRESS',
  'LEASE_LOST',
  'COMPLETION_UNCONFIRMED',
  'STORAGE_UNAVAILABLE',
  'CLOSED',
])
const LOOK_AGAIN_MS = 2_000

/** A BullMQ processor that does the work of each key once, spends no attempt on duplicates, and loses no job. */
export function processOnce<Data, Result>(
  idempotency: Idempotency,
  keyOf: (data: Data) => string,
  work: (data: Data, execution: ExecutionContext) => Promise<Result>,
  options: StartOptions = {},
): (job: Job<Data, Result>, token?: string) => Promise<Result> {
  const start: StartOptions = {
    // A duplicate of a short job has its result at once; one of a long job goes back to the queue.
    onInProgress: 'wait',
    waitMs: 1_000,
    // At least as long as the queue may bring the job again.
    completedWindowMs: 24 * 3_600_000,
    classifyError: (error) => (error instanceof UnrecoverableError ? { final: true } : undefined),
    ...options,
  }
  return async (job, token) => {
    const lookAgain = async (ms: number): Promise<never> => {
      await job.moveToDelayed(Date.now() + ms, token)
      throw new DelayedError()
    }
    try {
      const run = await idempotency.run(job.queueName, keyOf(job.data), start, (execution) =>
        work(job.data, execution),
      )
      return run.result
    } catch (error) {
      if (HoldfastError.isInstance(error) && OPEN.has(error.code)) return lookAgain(LOOK_AGAIN_MS)
      // Another job of the same key has failed: for good, or for a time.
      const before = recordedFailureOf(error)
      if (before?.retryAfterMs === null) throw new UnrecoverableError((error as Error).message)
      if (before !== undefined) return lookAgain(before.retryAfterMs)
      throw error
    }
  }
}
// #endregion
