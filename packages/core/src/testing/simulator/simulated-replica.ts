import type { Durability } from '../../storage/leases.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** How long it usually takes to confirm, at most. */
const SLOWEST_MS = 40

/** Between two instants the replica hears of nothing. */
export interface Silence {
  readonly from: number
  readonly to: number
}

/**
 * The one replica of a simulated storage, as far as it is known: what it has confirmed it has, with all that was
 * written before, and so it has it still when it takes over.
 */
export class SimulatedReplica {
  readonly #scheduler: Scheduler
  /** A separate stream for each instant, so that what is left out of a history leaves the rest alone. */
  readonly #random: (instant: number) => Random
  readonly #silences: readonly Silence[]
  #confirmedUntil = -Infinity
  #primary = 1

  constructor(scheduler: Scheduler, random: (instant: number) => Random, silences: readonly Silence[]) {
    this.#scheduler = scheduler
    this.#random = random
    this.#silences = silences
  }

  /** Answers how many replicas have what was written until now, as soon as they do, or when the time is over. */
  confirm({ timeoutMs }: Durability): Promise<number> {
    const writtenAt = this.#scheduler.now
    const primary = this.#primary
    const takesMs = this.#delay(writtenAt)
    return new Promise((resolve) => {
      this.#scheduler.at(writtenAt + Math.min(takesMs, timeoutMs), () => {
        if (primary !== this.#primary) return // it died with the answer
        if (takesMs > timeoutMs) return resolve(0)
        this.#confirmedUntil = Math.max(this.#confirmedUntil, writtenAt)
        resolve(1)
      })
    })
  }

  /** The primary is gone. Until when this one has heard of everything, if it is usually so far behind. */
  heardUntil(lagMs: number): number {
    this.#primary += 1
    return Math.max(this.#scheduler.now - lagMs, this.#confirmedUntil)
  }

  #delay(writtenAt: number): number {
    const random = this.#random(Math.floor(writtenAt * 1_000))
    const delay = random.next() ** 3 * SLOWEST_MS
    const isSilent = this.#silences.some(({ from, to }) => from < writtenAt + delay && writtenAt < to)
    return isSilent ? Infinity : delay
  }
}
