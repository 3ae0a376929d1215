import { type Fields, integerOf } from '../wire/fields.ts'
import { encodeJson } from '../wire/json.ts'
import type { JobState } from '../wire/states.ts'
import type { HangfireHandler } from './handle.ts'
import { judgeError } from './judge-error.ts'
import { delayMsOf, retryReason } from './retries.ts'

/** How a run of a job ended. */
export type Verdict =
  | {
      readonly how: 'succeeded'
      readonly result: unknown
      readonly performanceMs: number
      /** Of the execution that core has recorded. */
      readonly executionId: string | undefined
    }
  /** `canRetry`: false for what would fail in the same way again. */
  | { readonly how: 'failed'; readonly error: unknown; readonly canRetry: boolean; readonly type?: string }
  | { readonly how: 'deleted'; readonly reason: string }
  /** It runs later, and no attempt is spent. */
  | { readonly how: 'later'; readonly delayMs: number; readonly reason: string }
  /** It goes to the front of its queue, for another worker. */
  | { readonly how: 'putBack' }
  /** It is not this worker's any more. */
  | { readonly how: 'lost' }

/** What is written of a job that has ended its run. */
export interface Ending {
  /** The state that it gets. */
  readonly state: JobState['name']
  readonly steps: (now: number) => readonly JobState[]
  readonly fields: Fields
  readonly error?: unknown
}

/** What of the job its ending depends on. */
export interface EndedJob {
  readonly queue: string
  readonly fields: Fields
  readonly serverId: string
  /** When it waited no longer: its creation and its start, by the clock of Redis. */
  readonly createdAt: number
  readonly startedAt: number
}

/** The field that says which execution's result Hangfire has: one of a job that was requeued since is to run again. */
export const DELIVERED = 'HoldfastExecution'

const FAILED = 'An exception occurred during performance of the job.'
const EXCEEDED = 'Exceeded the maximum number of retry attempts.'
const DISABLED = 'Retries were disabled for this job.'

/** The states that a run ends with, as Hangfire's own filters elect them. */
export function endingOf(
  verdict: Exclude<Verdict, { readonly how: 'putBack' | 'lost' }>,
  job: EndedJob,
  retry: HangfireHandler['retry'],
): Ending {
  switch (verdict.how) {
    case 'succeeded':
      return succeeded(verdict, job)
    case 'failed':
      return failed(verdict, job, retry)
    case 'deleted': {
      const { reason } = verdict
      return { state: 'Deleted', fields: {}, steps: (now) => [{ name: 'Deleted', deletedAt: now, reason }] }
    }
    case 'later': {
      const { delayMs, reason } = verdict
      return { state: 'Scheduled', fields: {}, steps: (now) => [scheduled(now, delayMs, reason)] }
    }
  }
}

function succeeded(
  { result, performanceMs, executionId }: Extract<Verdict, { readonly how: 'succeeded' }>,
  { createdAt, startedAt }: EndedJob,
): Ending {
  const json = result === undefined || result === null ? undefined : encodeJson('The result', result)
  return {
    state: 'Succeeded',
    fields: executionId === undefined ? {} : { [DELIVERED]: JSON.stringify(executionId) },
    steps: (now) => [
      {
        name: 'Succeeded',
        succeededAt: now,
        performanceMs: Math.round(performanceMs),
        latencyMs: Math.max(0, startedAt - createdAt),
        ...(json === undefined ? {} : { result: json }),
      },
    ],
  }
}

function failed(
  { canRetry, type, ...verdict }: Extract<Verdict, { readonly how: 'failed' }>,
  { queue, fields, serverId }: EndedJob,
  { attempts, delaysMs, onAttemptsExceeded, retryOn }: HangfireHandler['retry'],
): Ending {
  const { isWorthIt, error, thrown } = judgeError(verdict.error, canRetry ? retryOn : undefined)
  const exceptionType = type ?? thrown.type
  const failure = (now: number): JobState => ({
    name: 'Failed',
    reason: FAILED,
    failedAt: now,
    exceptionType,
    exceptionMessage: thrown.message,
    exceptionDetails: thrown.details,
    serverId,
  })
  const attempt = retryCountOf(fields) + 1
  if (!canRetry || !isWorthIt) return { state: 'Failed', fields: {}, error, steps: (now) => [failure(now)] }
  if (attempt <= attempts) {
    const delayMs = delayMsOf(attempt, delaysMs)
    const reason = retryReason(attempt, attempts, thrown.message)
    const next = (now: number): JobState =>
      delayMs === 0 ? { name: 'Enqueued', enqueuedAt: now, queue, reason } : scheduled(now, delayMs, reason)
    return {
      state: delayMs === 0 ? 'Enqueued' : 'Scheduled',
      fields: { RetryCount: String(attempt) },
      error,
      steps: (now) => [failure(now), next(now)],
    }
  }
  if (onAttemptsExceeded === 'fail')
    return { state: 'Failed', fields: {}, error, steps: (now) => [failure(now)] }
  const { details: _, ...exception } = thrown
  return {
    state: 'Deleted',
    fields: {},
    error,
    steps: (now) => [
      failure(now),
      {
        name: 'Deleted',
        deletedAt: now,
        reason: attempts === 0 ? DISABLED : EXCEEDED,
        exception: { ...exception, type: exceptionType },
      },
    ],
  }
}

/** How often it was retried. What is no number counts as never. */
export function retryCountOf(fields: Fields): number {
  try {
    return Math.max(0, integerOf(fields, 'RetryCount', 'the job') ?? 0)
  } catch {
    return 0
  }
}

function scheduled(now: number, delayMs: number, reason: string): JobState {
  return { name: 'Scheduled', enqueueAt: now + delayMs, scheduledAt: now, reason }
}
