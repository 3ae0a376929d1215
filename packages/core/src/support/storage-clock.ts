import type { Instant, Runtime } from './runtime.ts'

/** Clocks of two machines drift apart by at most this much for the bounds kept here. */
const DRIFT = 0.001
/** By how much more or less one local clock may count than the other, and how far apart the bounds may be. */
const DOUBTFUL_MS = 250

/**
 * An estimate of the storage's clock from the `now` of its replies, kept as bounds on the difference to the local
 * monotonic clock: the storage stamped `now` somewhere between the sending and the receipt. It serves two purposes:
 * to stamp claims with a `notAfter` that is never later than the moment at which the caller gives up, and to tell what is fresh
 * from what may have ended.
 */
export class StorageClock {
  readonly #runtime: Runtime
  /** What the difference was at least and at most when it was last looked at, at `#at`; NaN before that. */
  #low = Number.NaN
  #high = Number.NaN
  #at = Number.NaN
  /** The same moment on this machine's clock. */
  #wallAt = Number.NaN

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

  /**
   * The machine slept since then, while the monotonic clock may have stood still; or its clock was set; or this process was
   * stopped with the answer, and knows little by it.
   */
  get isInDoubt(): boolean {
    const isWide = this.#high - this.#low > DOUBTFUL_MS
    return isWide || Math.abs(this.#runtime.wallNow() - this.#wallAt - this.ageMs) > DOUBTFUL_MS
  }

  observe(sentAt: Instant, now: number): void {
    const at = this.#runtime.monotonicNow()
    const wallAt = this.#runtime.wallNow()
    // With the question, or with the answer, while the monotonic clock stood still.
    const sleptMs = wallAt - sentAt.wall - (at - sentAt.monotonic)
    const hasSlept = sleptMs > DOUBTFUL_MS
    const low = now - at
    const high = now + 1 - sentAt.monotonic + (hasSlept ? sleptMs : 0)
    const drift = (at - this.#at) * DRIFT
    const keptLow = this.#low - drift
    const keptHigh = this.#high + drift
    // Outside what is known: the storage's clock was stepped, or another server answers. Begin anew.
    const fits = !hasSlept && low <= keptHigh && high >= keptLow
    this.#low = fits ? Math.max(low, keptLow) : low
    this.#high = fits ? Math.min(high, keptHigh) : high
    this.#at = at
    this.#wallAt = wallAt
  }

  /** The earliest instant that the storage's clock can show `inMs` after the local monotonic instant `at`. */
  earliest(inMs = 0, at: number = this.#runtime.monotonicNow()): number {
    if (!this.known) throw new Error('the storage clock was not observed yet')
    const drift = (at - this.#at) * DRIFT
    return Math.floor(at + this.#low - drift + inMs)
  }

  /**
   * What a claim may be executed at, at the latest, when its caller gives up `inMs` after `at`. A storage counts in whole
   * milliseconds: the one in which the caller gives up has begun before.
   */
  notAfter(inMs: number, at?: number): number {
    return this.earliest(inMs, at) - 1
  }

  /** The latest instant that the storage's clock can show now, but for drift: what has not ended by then is still fresh. */
  get latest(): number {
    if (!this.known) throw new Error('the storage clock was not observed yet')
    return Math.ceil(this.#runtime.monotonicNow() + this.#high) - 1
  }

  /** For how long an instant of the storage's clock is surely still to come, in milliseconds. */
  surelyLeft(until: number): number {
    const at = this.#runtime.monotonicNow()
    const drift = (at - this.#at) * DRIFT
    return (until - (at + this.#high + drift)) * (1 - DRIFT)
  }

  /** What the storage's clock most likely shows now: for what need not be certain. */
  get now(): number {
    if (!this.known) throw new Error('the storage clock was not observed yet')
    return Math.floor(this.#runtime.monotonicNow() + (this.#low + this.#high) / 2)
  }
}
