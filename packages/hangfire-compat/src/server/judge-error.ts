import type { HangfireHandler } from './handle.ts'
import { type Thrown, describeThrown } from './thrown.ts'

export interface JudgedError {
  /** Whether it is worth another run. */
  readonly isWorthIt: boolean
  readonly error: unknown
  readonly thrown: Thrown
}

/** Asks `retryOn`. Where that throws there is no other run, and both are what went wrong, the body's first. */
export function judgeError(error: unknown, retryOn: HangfireHandler['retry']['retryOn']): JudgedError {
  const thrown = describeThrown(error)
  try {
    return { isWorthIt: retryOn?.(error) !== false, error, thrown }
  } catch (ofRetryOn) {
    const second = describeThrown(ofRetryOn)
    const message = `${thrown.message}; and retryOn threw: ${second.message}`
    const details = `${thrown.details}\nretryOn threw: ${second.details}`
    return {
      isWorthIt: false,
      error: new AggregateError([error, ofRetryOn], message),
      thrown: { ...thrown, message, details },
    }
  }
}
