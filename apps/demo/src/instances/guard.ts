import { randomUUID } from 'node:crypto'
import type { Idempotency, RunResult } from '@holdfast/core'
import { retryAfterOf } from '../model/retry-of.ts'
import type { JobExecution, JobResult, JobType } from '../jobs/job.ts'

/** What stands between a start and its job: Holdfast, or nothing. */
export type Guard = (
  jobType: JobType,
  reviewId: string,
  policy: StartPolicy,
  job: (execution: JobExecution) => Promise<JobResult>,
) => Promise<Pick<RunResult<JobResult>, 'status' | 'result' | 'replay'>>

export interface StartPolicy {
  /** What a start does while the job runs elsewhere. */
  readonly onInProgress: 'reject' | 'wait'
  /** What a start does after a failure. Default: it runs the job again. */
  readonly onFailed?: 'rerun' | 'replay' | undefined
  /** Ends a wait. */
  readonly signal?: AbortSignal
}

export function withHoldfast(idempotency: Idempotency, leaseMs: number, windowMs?: number): Guard {
  const window = windowMs === undefined ? {} : { completedWindowMs: windowMs }
  return (jobType, reviewId, policy, job) =>
    idempotency.run(
      jobType,
      reviewId,
      {
        ...policy,
        ...window,
        leaseMs,
        waitMs: Infinity,
        progressIntervalMs: 100,
        classifyError: retryAfterOf,
      },
      (execution) => job(execution),
    )
}

/** The control run: every start runs the job, whose calls to Holdfast do nothing. */
export function withoutHoldfast(signal: AbortSignal): Guard {
  const nothing = async (): Promise<void> => undefined
  return async (_jobType, _reviewId, _policy, job) => {
    const result = await job({
      executionId: randomUUID(),
      attempt: 1,
      fencingToken: undefined,
      signal,
      checkpoint: undefined,
      updateProgress: nothing,
      saveCheckpoint: nothing,
      extendTimeout: nothing,
    })
    return { status: 'executed', result }
  }
}
