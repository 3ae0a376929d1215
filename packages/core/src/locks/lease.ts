/**
 * `released`: ended while it was yours. `expired`: it had run out, and no other holder had taken it. `lost`: another holder had, or it
 * was revoked.
 */
export type ReleaseOutcome = 'released' | 'expired' | 'lost'

/**
 * A lock that is held. It is renewed every third of its lease until it is released, lost, or held for `maxHoldMs`.
 *
 * It is a lease: a process that is stopped for longer than the lease loses it without noticing, until it runs again.
 * `signal` and `assertValid()` report a loss as early as a process can know it; only the resource can refuse a write that is
 * already in flight, by comparing `fencingToken` (see docs/features/fencing.md).
 */
export interface Lease extends AsyncDisposable {
  readonly name: string
  /** Identifies this acquisition; never reused. */
  readonly token: string
  /** Greater than that of every earlier holder of this name: a resource that remembers the greatest refuses older ones. */
  readonly fencingToken: number
  /**
   * Aborts when the lease is lost or may be: revoked, taken, or not renewed until shortly before it could have run out
   * (2 % of it, at least 50 ms, at most a quarter). It needs no answer from the storage. `reason` is a `LeaseLostError`,
   * or a `ClosedError` when `locks.close()` asks the holders to finish. A release does not abort it.
   */
  readonly signal: AbortSignal
  /** How long it is certainly still held without another renewal; 0 when lost or released. */
  remainingMs(): number
  /** Throws `LeaseLostError` unless it is certainly held now. Right also after the event loop was blocked. */
  assertValid(): void
  /**
   * Makes the lease, and `maxHoldMs` if there is one, end `additionalMs` later than it would.
   * Throws `LeaseLostError`, or `StorageUnavailableError` when the storage does not confirm it.
   */
  extend(additionalMs: number): Promise<void>
  /**
   * Gives it back, or on to the next in line. Calling it again gives the same answer. It never throws because the lease
   * was lost; only with `StorageUnavailableError` or `StorageRefusedError` when the storage could not be reached, and then
   * it is tried in the background until the lease has ended by itself.
   */
  release(): Promise<ReleaseOutcome>
  /** `release()` that never throws, so that `await using` keeps the body's own error. */
  [Symbol.asyncDispose](): Promise<void>
}
