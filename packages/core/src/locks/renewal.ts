import { Roster, type Listed } from '../roster.ts'
import type { Runtime, Timer } from '../runtime.ts'

/** A lease as its renewal sees it. */
export interface Renewable extends Listed {
  /** Monotonic milliseconds at which to renew next; `Infinity` for not again, or not before an answer. */
  readonly renewAt: number
  /** How much earlier it may be renewed to leave together with others. */
  readonly renewSlackMs: number
  remainingMs(): number
  /** Renews, and sets `renewAt` anew. Never rejects. */
  renew(): Promise<void>
  /** Its time is over. */
  ranOut(): void
}

/** More renewals than this do not leave in one turn of the event loop. */
const BATCH = 500

/**
 * Watches over all leases of this process with one timer, which does not keep the process alive: tells those whose
 * time is over, and renews those that are due, and those nearly due, in the same turn, so that they leave in one write.
 */
export class Renewal<T extends Renewable = Renewable> {
  readonly #runtime: Runtime
  readonly #leases = new Roster<T>()
  #timer: Timer | undefined
  #timerAt = Infinity

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  add(lease: T): void {
    this.#leases.add(lease)
    this.watch(lease)
  }

  /** Those that are held now. */
  get leases(): Iterable<T> {
    return this.#leases
  }

  /** Takes note that its times have changed. */
  watch(lease: T): void {
    if (!this.#leases.has(lease)) return
    const at = Math.min(lease.renewAt, this.#runtime.monotonicNow() + lease.remainingMs())
    if (at < this.#timerAt) this.#arm(at)
  }

  /** Leaves the timer: one that finds nothing to do costs less than setting and cancelling one with every short lease. */
  remove(lease: T): void {
    this.#leases.delete(lease)
  }

  /** Renews it now. */
  renew(lease: T): void {
    void lease.renew().then(() => this.watch(lease))
  }

  /** After a reconnect nobody knows what the storage still has: ask for all of them now. */
  renewAll(): void {
    this.#renewThese([...this.#leases])
  }

  close(): void {
    for (const lease of this.#leases) this.#leases.delete(lease)
    this.#timer?.cancel()
  }

  #tick(): void {
    this.#timer = undefined
    this.#timerAt = Infinity
    const now = this.#runtime.monotonicNow()
    const due: T[] = []
    for (const lease of this.#leases) {
      if (lease.remainingMs() === 0) lease.ranOut()
      else if (lease.renewAt - lease.renewSlackMs <= now) due.push(lease)
    }
    this.#renewThese(due)
    for (const lease of this.#leases) this.watch(lease)
  }

  #renewThese(due: readonly T[]): void {
    for (const lease of due.slice(0, BATCH)) if (this.#leases.has(lease)) this.renew(lease)
    if (due.length <= BATCH) return
    this.#runtime.setTimer(0, () => this.#renewThese(due.slice(BATCH)), { background: true })
  }

  #arm(at: number): void {
    this.#timer?.cancel()
    this.#timerAt = at
    const delay = Math.max(0, at - this.#runtime.monotonicNow())
    this.#timer = this.#runtime.setTimer(delay, () => this.#tick(), { background: true })
  }
}
