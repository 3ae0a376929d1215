// The answer that BullMQ gets for a delivery that did not end with a result.

import {
  type CompletionUnconfirmedError,
  type ExecutionInProgressError,
  type ExecutionLostError,
  HoldfastError,
  recordedFailureOf,
} from '@holdfast/core'
import { UnrecoverableError } from 'bullmq'
import type { Settings } from './options.ts'
import type { Work } from './work-of.ts'

/** What becomes of the job. */
export type Answer =
  | { readonly type: 'result'; readonly result: unknown }
  /** It looks again later; this was no attempt. */
  | { readonly type: 'delay'; readonly ms: number }
  /** An attempt has failed, or, with an `UnrecoverableError`, the job. Or BullMQ knows what to do with the error. */
  | { readonly type: 'throw'; readonly error: unknown }

type Delays = Pick<Settings<never, never>, 'maxDelayMs' | 'outageDelayMs'>

/** Errors by which a processor says where it has moved its job. The work has not ended: a later delivery continues it. */
const MOVES = new Set(['DelayedError', 'RateLimitError', 'WaitingError', 'WaitingChildrenError'])

export function isMove(error: unknown): boolean {
  return MOVES.has(nameOf(error))
}

export function isUnrecoverable(error: unknown): boolean {
  return nameOf(error) === 'UnrecoverableError'
}

/** Codes that no further attempt of this job can change. */
const FINAL = new Set([
  'FINGERPRINT_MISMATCH',
  'RESULT_NOT_STORED',
  'RESULT_TOO_LARGE',
  'INVALID_ARGUMENT',
  'WAIT_ABORTED',
])

/** Codes that say nothing of the work: whether it can be done is seen later. */
const OUTAGES = new Set([
  'STORAGE_UNAVAILABLE',
  'CLIENT_CLOSED',
  'CLIENT_NOT_CONNECTED',
  'CLOSED',
  'EXECUTION_RELEASED',
])

/** To an error of `run` that the work has not thrown. */
export function answerTo(error: unknown, work: Work, delays: Delays): Answer {
  const before = recordedFailureOf(error)
  if (before?.snapshot.jobType === work.jobType && before.snapshot.jobKey === work.jobKey) {
    return before.retryAfterMs === null ? unrecoverable(error) : { type: 'delay', ms: before.retryAfterMs }
  }
  if (!HoldfastError.isInstance(error)) return { type: 'throw', error }
  if (error.code === 'EXECUTION_IN_PROGRESS')
    return afterLease((error as ExecutionInProgressError).snapshot.leaseRemainingMs, delays)
  if (error.code === 'LEASE_LOST')
    return afterLease((error as ExecutionLostError).current?.leaseRemainingMs ?? 0, delays)
  if (error.code === 'COMPLETION_UNCONFIRMED')
    return { type: 'result', result: (error as CompletionUnconfirmedError).result }
  if (OUTAGES.has(error.code)) return { type: 'delay', ms: delays.outageDelayMs }
  return FINAL.has(error.code) ? unrecoverable(error) : { type: 'throw', error }
}

/** No lease: its owner has just ended, or is silent and kept by `onStalled: 'reject'`. */
export function afterLease(remainingMs: number, { maxDelayMs, outageDelayMs }: Delays): Answer {
  return { type: 'delay', ms: remainingMs > 0 ? Math.min(remainingMs, maxDelayMs) : outageDelayMs }
}

/** The job fails, however many attempts it has left. BullMQ keeps the message and the stack. */
export function unrecoverable(error: unknown): Answer {
  if (isUnrecoverable(error)) return { type: 'throw', error }
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const code = HoldfastError.isInstance(error) ? `${error.code}: ` : ''
  const final = new UnrecoverableError(code + message)
  if (stack !== undefined) final.stack = stack
  return { type: 'throw', error: Object.assign(final, { cause: error }) }
}

function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : ''
}
