import type { Runtime, Timer } from '../runtime.ts'

/** A lease as its renewal sees it. */
export interface Renewable {
  /** Monotonic milliseconds at which to renew next; `Infinity` for not again. */
  readonly renewAt: number
  /** How much earlier it may be renewed to leave together with others. */
  readonly renewSlackMs: number
  /** Renews, and sets `renewAt` anew. Never rejects. */
  renew(): Promise<void>
}

/** More renewals than this do not leave in one turn of the event loop. */
const BATCH = 500

/**
 * Renews all leases of this process with one timer: those that are due, and those nearly due, go out in the same turn,
 * so that they leave in one write. The timer does not keep the process alive.
 */
export class Renewal {
  readonly #runtime: Runtime
  readonly #leases = new Set<Renewable>()
  readonly #underWay = new Set<Renewable>()
  #timer: Timer | undefined
  #timerAt = Infinity

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  add(lease: Renewable): void {
    this.#leases.add(lease)
    if (lease.renewAt < this.#timerAt) this.#arm(lease.renewAt)
  }

  /** Leaves the timer: one that finds nothing to do costs less than setting and cancelling one with every short lease. */
  remove(lease: Renewable): void {
    this.#leases.delete(lease)
  }

  /** After a reconnect nobody knows what the storage still has: ask for all of them now. */
  renewAll(): void {
    this.#renew([...this.#leases])
  }

  close(): void {
    this.#leases.clear()
    this.#timer?.cancel()
  }

  #tick(): void {
    this.#timer = undefined
    this.#timerAt = Infinity
    const now = this.#runtime.monotonicNow()
    this.#renew([...this.#leases].filter((lease) => lease.renewAt - lease.renewSlackMs <= now))
    this.#armNext()
  }

  #renew(due: readonly Renewable[]): void {
    const ready = due.filter((lease) => !this.#underWay.has(lease))
    for (const lease of ready.slice(0, BATCH)) {
      this.#underWay.add(lease)
      void lease.renew().then(() => {
        this.#underWay.delete(lease)
        if (this.#leases.has(lease) && lease.renewAt < this.#timerAt) this.#arm(lease.renewAt)
      })
    }
    const rest = ready.slice(BATCH)
    if (rest.length > 0) {
      this.#runtime.setTimer(0, () => this.#renew(rest.filter((lease) => this.#leases.has(lease))), {
        background: true,
      })
    }
  }

  #armNext(): void {
    let next = Infinity
    for (const lease of this.#leases) {
      if (!this.#underWay.has(lease) && lease.renewAt < next) next = lease.renewAt
    }
    if (next < this.#timerAt) this.#arm(next)
  }

  #arm(at: number): void {
    this.#timer?.cancel()
    this.#timerAt = at
    const delay = Math.max(0, at - this.#runtime.monotonicNow())
    this.#timer = this.#runtime.setTimer(delay, () => this.#tick(), { background: true })
  }
}
