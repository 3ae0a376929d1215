import type { LeaseHolder } from '../storage/leases.ts'
import type { LockSettings } from './options.ts'

/** What the storage said of who holds a key. */
export interface Seen {
  readonly holders: readonly LeaseHolder[]
  /** Its clock then. */
  readonly now: number
  /** Monotonic: before it was asked. */
  readonly at: number
}

/**
 * Until when a caller waits. One who gave `waitMs`, until that is over. One with the default outlives an owner that died,
 * no matter how long its lease is: when the time is over it looks who holds the lock, and stays until that lease has
 * run out, and the margin after it, in which those have their turns who came first. A lease that is renewed or released
 * meanwhile has an owner who lives, and then the wait is over at once.
 */
export class WaitLimit {
  /** Monotonic. */
  overAt: number
  readonly #outlives: boolean
  #looks = false
  /** When the leases run out, by the storage's clock, that were held then and have not been renewed since. */
  #ends: Map<string, number> | undefined

  constructor(startedAt: number, { waitMs, outlivesOwners }: LockSettings) {
    this.overAt = startedAt + waitMs
    this.#outlives = outlivesOwners
  }

  /** The time is over. True: there is one look yet, which may take so long, and {@link saw} hears of it. */
  mayLook(now: number, forMs: number): boolean {
    if (!this.#outlives || this.#looks) return false
    this.#looks = true
    this.overAt = now + forMs
    return true
  }

  /** Who holds it now that the time is over; `marginMs` is for those who hand it on. False: the wait is over. */
  saw({ holders, now: then }: Seen, now: number, marginMs: number): boolean {
    if (this.#ends === undefined) {
      this.#ends = new Map(holders.map(({ token, remainingMs }) => [token, then + remainingMs]))
      this.overAt = now + Math.max(0, ...holders.map(({ remainingMs }) => remainingMs)) + marginMs
    }
    for (const [token, endsAt] of this.#ends) {
      const holder = holders.find((one) => one.token === token)
      const isRenewed = holder !== undefined && then + holder.remainingMs > endsAt
      const isReleased = holder === undefined && then < endsAt
      if (isRenewed || isReleased) this.#ends.delete(token)
    }
    return this.#ends.size > 0
  }
}
