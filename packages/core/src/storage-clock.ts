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
  #sample: { readonly low: number; readonly high: number; readonly at: number } | undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get known(): boolean {
    return this.#sample !== undefined
  }

  observe(sentAt: Instant, now: number): void {
    const at = this.#runtime.monotonicNow()
    const low = now - at
    const high = now + 1 - sentAt.monotonic
    const kept = this.#bounds(at)
    // Outside what is known: the storage's clock was stepped, or another server answers. Begin anew.
    const fits = kept !== undefined && low <= kept.high && high >= kept.low
    this.#sample = fits
      ? { low: Math.max(low, kept.low), high: Math.min(high, kept.high), at }
      : { low, high, at }
  }

  /** The earliest instant that the storage's clock can show at this local moment (or at one `inMs` from now). */
  earliest(inMs = 0): number {
    const at = this.#runtime.monotonicNow()
    const bounds = this.#bounds(at)
    if (bounds === undefined) throw new Error('the storage clock was not observed yet')
    return Math.floor(at + bounds.low + inMs)
  }

  #bounds(at: number): { low: number; high: number } | undefined {
    if (this.#sample === undefined) return undefined
    const drift = (at - this.#sample.at) * DRIFT
    return { low: this.#sample.low - drift, high: this.#sample.high + drift }
  }
}
