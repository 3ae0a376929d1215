import type { BeginOutcome } from './start-outcome.ts'
import type { ExecutionSnapshot } from './snapshot.ts'

/** What is known of a failure that was thrown without running the body. */
export interface RecordedFailure {
  /** Of the execution that failed. */
  readonly snapshot: ExecutionSnapshot
  /** How long the failure asked to be left alone, from the call on; null when it is not run again while it is kept. */
  readonly retryAfterMs: number | null
}

/** Known to every copy of this package in a process. */
const RECORDED = Symbol.for('holdfast.recordedFailure')

/**
 * Tells the recorded failure that `run` and `tryStartExecution` throw again from an error that a body has thrown just
 * now: undefined for the latter. No body ran; whoever retries has to wait, or to give up. The snapshot says of which job:
 * a body may have passed on what a job threw that it had started itself.
 */
export function recordedFailureOf(error: unknown): RecordedFailure | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  return (error as { readonly [RECORDED]?: RecordedFailure })[RECORDED]
}

/** The error of an earlier execution, as it is thrown again. */
export function asRecorded({
  error,
  snapshot,
  retryAfterMs,
}: Extract<BeginOutcome, { readonly status: 'failedBefore' }>): Error {
  const failure: RecordedFailure = { snapshot, retryAfterMs: retryAfterMs ?? null }
  return Object.defineProperty(error, RECORDED, { value: failure, configurable: true })
}
