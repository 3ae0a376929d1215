import type { Instant, Runtime } from './runtime.ts'

/** Clocks of two machines drift apart by at most this much for the bounds kept here. */
const DRIFT = 0.001

/**
 * An estimate of the storage's clock from the `now` of its replies, kept as bounds on the difference to the local
 * monotonic clock: the storage stamped `now` somewhere between the sending and the receipt. It serves one purpose:
 * to stamp claims with a `notAfter` that is never later than the moment at which the caller gives up.
 */
export class StorageClock {
  readonly #runtime: Runtime
  /** What the difference was at least and at most when it was last looked at, at `#at`; NaN before that. */
  #low = Number.NaN
  #high = Number.NaN
  #at = Number.NaN

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get known(): boolean {
    return !Number.isNaN(this.#at)
  }

  /** How long ago the storage showed it, in milliseconds; NaN while it is not known. */
  get ageMs(): number {
    return this.#runtime.monotonicNow() - this.#at
  }

  observe(sentAt: Instant, now: number): void {
    const at = this.#runtime.monotonicNow()
    const low = now - at
    const high = now + 1 - sentAt.monotonic
    const drift = (at - this.#at) * DRIFT
    const keptLow = this.#low - drift
    const keptHigh = this.#high + drift
    // Outside what is known: the storage's clock was stepped, or another server answers. Begin anew.
    const fits = low <= keptHigh && high >= keptLow
    this.#low = fits ? Math.max(low, keptLow) : low
    this.#high = fits ? Math.min(high, keptHigh) : high
    this.#at = at
  }

  /** The earliest instant that the storage's clock can show `inMs` after the local monotonic instant `at`. */
  earliest(inMs = 0, at: number = this.#runtime.monotonicNow()): number {
    if (!this.known) throw new Error('the storage clock was not observed yet')
    const drift = (at - this.#at) * DRIFT
    return Math.floor(at + this.#low - drift + inMs)
  }

  /** What the storage's clock most likely shows now: for what need not be certain. */
  get now(): number {
    if (!this.known) throw new Error('the storage clock was not observed yet')
    return Math.floor(this.#runtime.monotonicNow() + (this.#low + this.#high) / 2)
  }
}
