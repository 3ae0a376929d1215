import { AsyncLocalStorage } from 'node:async_hooks'
import type { TimerEntry, TimerQueue } from './support/timer-queue.ts'
import { type HoldfastError, isUnavailable } from './errors.ts'
import type { LeaseDeadline } from './lease-deadline.ts'
import type { Instant } from './support/runtime.ts'
import type { StorageLink } from './storage/storage.ts'
import type { StorageClient } from './support/storage-client.ts'

/** The owner of a lease: a held lock, or an execution. */
export interface LeaseOwner {
  /**
   * Asks the storage once to renew the lease, and gives up after `timeoutMs`. It answers by `renewed` or `retry`, and
   * never rejects.
   */
  renew(timeoutMs: number): Promise<void>
  /**
   * `lease`: it has run out, as far as this process can know; the owner stops the keeper. `limit`: the time for which the
   * owner may keep it is over, and it is not renewed any more.
   */
  timeIsUp(of: 'lease' | 'limit'): void
}

/** How long a lease lasts, from when it counts, and for how long it may be renewed. */
export interface LeaseTimes {
  readonly leaseMs: number
  /** `Infinity` for as long as the owner likes. */
  readonly limitMs: number
  /** On the monotonic clock: no later than the grant. */
  readonly grantedAt: number
}

/**
 * Keeps one lease for its owner, lock or execution: renews it in time, watches both its ends, and holds the signal that
 * is aborted when the owner has to stop.
 */
export class LeaseKeeper<O extends LeaseOwner = LeaseOwner> implements TimerEntry {
  index = -1
  dueAt: number = Infinity
  readonly owner: O
  readonly deadline: LeaseDeadline
  /** The monotonic instant after which it is not renewed any more. */
  limitAt: number
  isLimitReached = false
  /** Why renewals fail since the last one that succeeded; undefined when none has. */
  renewalError: unknown
  /** Why the signal is, or would be, aborted. */
  abortReason: HoldfastError | undefined
  readonly #calls: StorageClient<StorageLink>
  readonly #alarms: TimerQueue<LeaseKeeper<O>>
  readonly #leaseMs: number
  #renewAt: number
  /** When the last renewal was due, its failed attempts included. */
  #dueSince = 0
  #isStopped = false
  // Made when it is first asked for: most work is too short for anything to ask.
  #controller: AbortController | undefined
  #inContext: ((abort: () => void) => void) | undefined

  /** `alarms`: renews all leases of the process on one timer, in the background. */
  constructor(
    calls: StorageClient<StorageLink>,
    alarms: TimerQueue<LeaseKeeper<O>>,
    owner: O,
    deadline: LeaseDeadline,
    { leaseMs, limitMs, grantedAt }: LeaseTimes,
  ) {
    this.owner = owner
    this.#calls = calls
    this.#alarms = alarms
    this.deadline = deadline
    this.#leaseMs = leaseMs
    this.limitAt = grantedAt + limitMs
    this.#renewAt = this.#nextRenewal(grantedAt)
    this.#reschedule()
  }

  extendLimit(additionalMs: number): void {
    this.limitAt += additionalMs
    this.#reschedule()
  }

  /**
   * Reading it looks at the clocks, so it is aborted in time also when the event loop was blocked, or the machine slept,
   * and no timer has fired yet. Its listeners run in the async context in which it was first read.
   */
  get signal(): AbortSignal {
    if (this.deadline.remainingMs() === 0) this.owner.timeIsUp('lease')
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      this.#inContext = AsyncLocalStorage.snapshot()
      if (this.abortReason !== undefined) this.#controller.abort(this.abortReason)
    }
    return this.#controller.signal
  }

  /** Aborts the signal; the lease is kept while the owner finishes. The first reason stays. */
  abort(reason: HoldfastError): void {
    if (this.abortReason !== undefined) return
    this.abortReason = reason
    this.#inContext?.(() => this.#controller?.abort(reason))
    this.#inContext = undefined
  }

  /** Renews whether it is due or not. One attempt: `renewed` or `retry` says when the next one is due. */
  renewNow(): void {
    if (this.#isStopped) return
    const { runtime, callTimeoutMs } = this.#calls
    const now = runtime.monotonicNow()
    if (this.renewalError === undefined) this.#dueSince = Math.min(now, this.#renewAt)
    this.#renewAt = Infinity
    this.#reschedule()
    if (now + 1 > this.limitAt) return
    // Ever shorter towards the deadline, so that an answer that never comes leaves time for another attempt.
    const patience = Math.max(10, Math.min(this.#leaseMs / 6, this.deadline.remainingMs() / 2))
    void this.owner.renew(Math.min(callTimeoutMs, patience))
  }

  /** The storage has acknowledged a write, sent at `sentAt`, with which the lease lasts `leaseMs` from then. */
  renewed(sentAt: Instant, leaseMs: number = this.#leaseMs): void {
    this.deadline.renewed(sentAt, leaseMs)
    this.renewalError = undefined
    this.#renewAt = this.#nextRenewal(sentAt.monotonic)
    this.#reschedule()
  }

  /** How long ago the last renewal was due: read when it is acknowledged. */
  lagMs(): number {
    return this.#calls.runtime.monotonicNow() - this.#dueSince
  }

  /** A renewal has failed: the next attempt comes the sooner the nearer the deadline, but never in a loop. */
  retry(error: unknown): void {
    const { runtime } = this.#calls
    // The last attempts have a few milliseconds each: that they were not answered says less than what failed first.
    if (this.renewalError === undefined || !isUnavailable(error)) this.renewalError = error
    const pause = Math.min(this.#leaseMs / 24, this.deadline.remainingMs() / 6) * (0.5 + runtime.random())
    this.#renewAt = runtime.monotonicNow() + Math.max(10, pause)
    this.#reschedule()
  }

  /** Leaves the lease as it is: the owner has released or lost it. */
  stop(): void {
    this.#isStopped = true
    this.#alarms.remove(this)
  }

  onDue(): void {
    if (this.deadline.remainingMs() === 0) {
      this.owner.timeIsUp('lease')
      return
    }
    const now = this.#calls.runtime.monotonicNow()
    if (now >= this.limitAt && !this.isLimitReached) {
      this.isLimitReached = true
      this.owner.timeIsUp('limit')
    }
    if (now >= this.#renewAt) this.renewNow()
    else this.#reschedule()
  }

  /** A quarter to a third of the lease from now: leases of one length leave together, in one write. */
  #nextRenewal(from: number): number {
    const step = this.#leaseMs / 12
    return Math.floor((from + this.#leaseMs / 3) / step) * step
  }

  #reschedule(): void {
    if (this.#isStopped) return
    const limitAt = this.isLimitReached ? Infinity : this.limitAt
    this.dueAt = Math.min(this.deadline.endsAt, this.#renewAt, limitAt)
    this.#alarms.set(this)
  }
}
