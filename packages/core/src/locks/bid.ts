import type { TimedReply } from '../support/pending-request.ts'
import type { AcquireReply } from '../storage/leases.ts'
import { type LockSettings, type LockTarget, waits } from './options.ts'
import type { LockRoom } from './room.ts'

/**
 * One token in the storage: asks for a lease with it as often as is needed, and withdraws it. A token that has ended
 * there is used up; whoever still wants the lock makes another bid.
 */
export class Bid {
  readonly token: string
  /** It has had a place in the queue. */
  queued = false
  /** A command of it may have been executed, or may yet be. */
  known = false
  /** Until when, on the storage's clock, a command of it may be executed. */
  notAfter = 0
  readonly #room: LockRoom
  readonly #target: LockTarget
  readonly #settings: LockSettings

  constructor(room: LockRoom, target: LockTarget, settings: LockSettings) {
    this.token = room.nextToken()
    this.#room = room
    this.#target = target
    this.#settings = settings
  }

  ask(): Promise<TimedReply<AcquireReply>> {
    const { token } = this
    const { calls, leases, claimMs, waiting } = this.#room
    const { key, permits } = this.#target
    const { grantMs, durability } = this.#settings
    const acquire = (notAfter: number): Promise<AcquireReply> => {
      this.notAfter = Math.max(this.notAfter, notAfter)
      const wait = waits(this.#settings)
      const { uncounted } = waiting
      return leases.acquire(key, {
        token,
        leaseMs: grantMs,
        permits,
        wait,
        uncounted,
        claimMs,
        notAfter,
        durability,
      })
    }
    return calls.claim(acquire, wasLate)
  }

  /**
   * Leaves the queue, gives back what was granted meanwhile, and keeps a command that is under way from granting
   * anything: whatever is needed.
   */
  withdraw(): void {
    this.#room.releaseInBackground(this.#target.key, this.token, this.notAfter, this.#settings.leaseMs)
  }
}

function wasLate({ outcome }: AcquireReply): boolean {
  return outcome === 'late'
}
