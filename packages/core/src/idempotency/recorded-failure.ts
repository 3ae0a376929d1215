import type { ExecutionSnapshot } from './record.ts'

/** A failure that was thrown without running the body. */
export interface RecordedFailure {
  /** Of the execution that failed. */
  readonly snapshot: ExecutionSnapshot
  /** Milliseconds from the call on until the job may run again; null when it may not while the failure is kept. */
  readonly retryAfterMs: number | null
}

/** Known to every copy of this package in a process. */
const RECORDED = Symbol.for('holdfast.recordedFailure')

/**
 * Returns details if `error` is a recorded failure that `run` or `tryStartExecution` rethrew without running the body;
 * undefined for an error that a body has thrown just now. A caller that retries has to wait, or to give up. The snapshot
 * names the job: a body may have passed on the error of a job that it had started itself.
 */
export function recordedFailureOf(error: unknown): RecordedFailure | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  return (error as { readonly [RECORDED]?: RecordedFailure })[RECORDED]
}

/** Marks the error of an earlier execution, which is thrown again. */
export function asRecorded({
  error,
  snapshot,
  retryAfterMs,
}: {
  readonly error: Error
  readonly snapshot: ExecutionSnapshot
  readonly retryAfterMs?: number | undefined
}): Error {
  const failure: RecordedFailure = { snapshot, retryAfterMs: retryAfterMs ?? null }
  return Object.defineProperty(error, RECORDED, { value: failure, configurable: true })
}
