import type { TimerEntry, TimerQueue } from '../support/timer-queue.ts'
import type { Instant, Runtime } from '../support/runtime.ts'
import { LeaseDeadline } from '../lease-deadline.ts'

/** What an execution does when its times come. */
export interface TenureEvents {
  /** The lease may be gone. */
  ranOut(): void
  /** It has run for `timeoutMs`. */
  timedOut(): void
  /** The lease has to be renewed. Never rejects. */
  renewalDue(): Promise<void>
}

/**
 * The times of an execution: until when its owner may believe that it owns the key, when to renew that, and when the
 * body has had its time. It is renewed every quarter to third of the lease, together with the others of this process;
 * not any more after the timeout, so that a body that does not listen to its signal is taken over.
 */
export class Tenure implements TimerEntry {
  index = -1
  readonly #runtime: Runtime
  readonly #alarms: TimerQueue
  readonly #leaseMs: number
  readonly #events: TenureEvents
  readonly #deadline: LeaseDeadline
  #dueAt = Infinity
  #renewAt: number
  #timeoutAt: number
  #ended = false

  constructor(
    runtime: Runtime,
    alarms: TimerQueue,
    { leaseMs, timeoutMs }: { readonly leaseMs: number; readonly timeoutMs: number },
    sentAt: Instant,
    events: TenureEvents,
  ) {
    this.#runtime = runtime
    this.#alarms = alarms
    this.#leaseMs = leaseMs
    this.#events = events
    this.#deadline = new LeaseDeadline(runtime, sentAt, leaseMs)
    this.#timeoutAt = sentAt.monotonic + timeoutMs
    this.#renewAt = this.#nextRenewal(sentAt.monotonic)
    this.#reschedule()
  }

  get dueAt(): number {
    return this.#dueAt
  }

  /** How long the key is certainly still owned. */
  remainingMs(): number {
    return this.#deadline.remainingMs()
  }

  get isTimedOut(): boolean {
    return this.#timeoutAt === Infinity
  }

  /** A write that was sent at `sentAt` was acknowledged. */
  renewed(sentAt: Instant): void {
    this.#deadline.renewed(sentAt, this.#leaseMs)
    this.#renewAt = this.#nextRenewal(sentAt.monotonic)
    this.#reschedule()
  }

  extendTimeout(additionalMs: number): void {
    this.#timeoutAt += additionalMs
    this.#reschedule()
  }

  /** A renewal has failed: tries again in `ms`. */
  renewIn(ms: number): void {
    if (this.isTimedOut) return
    this.#renewAt = this.#runtime.monotonicNow() + ms
    this.#reschedule()
  }

  end(): void {
    this.#ended = true
    this.#alarms.remove(this)
  }

  onDue(): void {
    const now = this.#runtime.monotonicNow()
    if (this.#deadline.remainingMs() === 0) {
      this.#events.ranOut()
      return
    }
    if (now >= this.#timeoutAt) {
      this.#timeoutAt = Infinity
      this.#renewAt = Infinity
      this.#events.timedOut()
    }
    if (now >= this.#renewAt) {
      this.#renewAt = Infinity
      void this.#events.renewalDue()
    }
    this.#reschedule()
  }

  /** A quarter to a third of the lease from now, so that all executions of a process renew together. */
  #nextRenewal(from: number): number {
    if (this.isTimedOut) return Infinity
    const step = this.#leaseMs / 12
    return Math.floor((from + this.#leaseMs / 3) / step) * step
  }

  #reschedule(): void {
    if (this.#ended) return
    this.#dueAt = Math.min(this.#deadline.endsAt, this.#renewAt, this.#timeoutAt)
    this.#alarms.set(this)
  }
}
