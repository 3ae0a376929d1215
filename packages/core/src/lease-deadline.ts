import { type Instant, type Runtime, instant } from './support/runtime.ts'

/**
 * How long this process may believe that it owns a lease: counted from just before the last acknowledged write was
 * sent, less a margin for clocks that run at different speeds. It needs no answer from the storage, so it ends in time
 * while the storage is unreachable, black-holed or frozen; and it is read from the clocks, not from a timer, so it is
 * right even after the event loop was blocked.
 *
 * Two clocks are kept because each can lie in one direction: the monotonic one stands still while a machine sleeps,
 * the wall clock can be set back. The lease counts as over as soon as either says so. (Kleppmann, "How to do
 * distributed locking"; antirez, "Is Redlock safe?".)
 */
export class LeaseDeadline {
  /** The earliest instant from which it may count, on the monotonic clock. */
  readonly grantedAt: number
  readonly #runtime: Runtime
  #end: Instant

  /** `sentAt`: taken before the write that granted the lease left. */
  constructor(runtime: Runtime, sentAt: Instant, leaseMs: number) {
    this.grantedAt = sentAt.monotonic
    this.#runtime = runtime
    this.#end = endOf(sentAt, leaseMs)
  }

  /** An acknowledged write, sent at `sentAt`, gave the lease `leaseMs` more. Never shortens what is known to be held. */
  renewed(sentAt: Instant, leaseMs: number): void {
    const end = endOf(sentAt, leaseMs)
    if (end.monotonic > this.#end.monotonic) this.#end = end
  }

  /** When it is over at the latest, on the monotonic clock: for a timer. */
  get endsAt(): number {
    return this.#end.monotonic
  }

  /** Milliseconds left; 0 when the lease must be taken for lost. */
  remainingMs(): number {
    const { monotonic, wall } = instant(this.#runtime)
    return Math.max(0, Math.min(this.#end.monotonic - monotonic, this.#end.wall - wall))
  }
}

function endOf(sentAt: Instant, leaseMs: number): Instant {
  const usable = leaseMs - marginMs(leaseMs)
  return { monotonic: sentAt.monotonic + usable, wall: sentAt.wall + usable }
}

/**
 * 2 % for clock rates, at least 50 ms to stop working in, but never more than a quarter of a very short lease. And the
 * millisecond in which the storage granted it, which may have been almost over: storages count in whole ones.
 */
export function marginMs(leaseMs: number): number {
  return Math.min(leaseMs / 4, Math.max(50, leaseMs * 0.02)) + 1
}
