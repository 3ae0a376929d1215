import { checkDuration } from '../check.ts'
import { type HoldfastError, LeaseLostError } from '../errors.ts'
import { LazySignal } from '../lazy-signal.ts'
import { type Term, marginMs } from '../validity.ts'
import { type LeaseLoss, LockLostError, NotReplicatedError } from './errors.ts'
import { type HoldersEvent, publishLockEvent } from './events.ts'
import type { Lease, ReleaseOutcome } from './lease.ts'
import type { LockSettings, LockTarget } from './options.ts'
import type { Held, LockRoom } from './room.ts'

/** How a lease was granted. */
export interface Grant {
  readonly token: string
  readonly fence: number
  /** How long it is certainly held. */
  readonly term: Term
  /** The earliest monotonic instant that the grant may count from: for renewals and `maxHoldMs`. */
  readonly grantedAt: number
  /** Until when, on the storage's clock, a command that acquires it may yet be executed. */
  readonly notAfter: number
}

/** It rings when it is to be renewed, and when its time is over. */
export class HeldLease implements Lease, Held {
  readonly name: string
  readonly token: string
  readonly fencingToken: number
  readonly key: string
  readonly #room: LockRoom
  readonly #settings: LockSettings
  readonly #notAfter: number
  readonly #grantedAt: number
  readonly #term: Term
  readonly #abort = new LazySignal()
  place = -1
  #renewAt: number
  #holdUntil: number
  #lost: LeaseLostError | undefined
  #released: Promise<ReleaseOutcome> | undefined
  #onEnd: (() => void) | undefined
  /** Why the last renewal failed, if it did. */
  #renewalError: unknown

  constructor(room: LockRoom, target: LockTarget, settings: LockSettings, grant: Grant) {
    const { token, fence, term, grantedAt, notAfter } = grant
    this.name = target.name
    this.key = target.key
    this.token = token
    this.fencingToken = fence
    this.#room = room
    this.#settings = settings
    this.#notAfter = notAfter
    this.#term = term
    this.#grantedAt = grantedAt
    this.#holdUntil = grantedAt + settings.maxHoldMs
    this.#renewAt = this.#nextAfter(grantedAt)
    room.held.set(this)
  }

  get dueAt(): number {
    return Math.min(this.#renewAt, this.#term.endsAt)
  }

  ring(): void {
    if (this.remainingMs() === 0) this.ranOut()
    else void this.renew()
  }

  get signal(): AbortSignal {
    // Whoever asks is told at once, also when no alarm could ring meanwhile.
    if (this.remainingMs() === 0) this.ranOut()
    return this.#abort.signal
  }

  remainingMs(): number {
    return this.#ended ? 0 : this.#term.remainingMs()
  }

  assertValid(): void {
    if (this.remainingMs() > 0) return
    if (this.#released === undefined) this.ranOut()
    throw this.#whyNot
  }

  async extend(additionalMs: number): Promise<void> {
    const more = checkDuration('additionalMs', additionalMs, 1)
    this.assertValid()
    const knownMs = this.remainingMs() + marginMs(this.#settings.leaseMs)
    this.#holdUntil += more
    await this.#prolong(Math.ceil(knownMs + more), this.#room.calls.callTimeoutMs)
  }

  /**
   * One attempt; it rings again for the next. Every third of the lease, also when it adds nothing, after
   * `extend` or towards `maxHoldMs`: it is how a lease that the storage lost is found out.
   */
  async renew(): Promise<void> {
    const { leaseMs } = this.#settings
    const { calls, runtime } = this.#room
    const now = runtime.monotonicNow()
    const wantedMs = Math.min(leaseMs, this.#holdUntil - now)
    if (this.#ended || wantedMs < 1) {
      this.#renewAt = Infinity
      return
    }
    // Ever shorter towards the deadline, so that an answer that never comes leaves time for another attempt.
    const patience = Math.min(leaseMs / 6, this.remainingMs() / 2)
    const attemptMs = Math.min(calls.callTimeoutMs, Math.max(10, patience))
    this.#renewAt = Infinity
    try {
      await this.#prolong(Math.ceil(wantedMs), attemptMs)
    } catch (error) {
      if (this.#ended) return
      this.#renewalError = error
      const remainingMs = this.remainingMs()
      this.#publish(() => ({ type: 'renewalFailed', error, remainingMs }))
      // Sooner towards the deadline, but never in a loop.
      const pause = Math.max(10, Math.min(leaseMs / 24, remainingMs / 6) * (0.5 + runtime.random()))
      this.#watch(remainingMs > 0 ? runtime.monotonicNow() + pause : Infinity)
    }
  }

  release(): Promise<ReleaseOutcome> {
    if (this.#released === undefined) {
      const certain = this.remainingMs()
      this.#room.held.remove(this)
      this.#released = this.#sendRelease(certain)
      // Whoever awaits it hears of it; whoever does not must not lose the process to an unhandled rejection.
      this.#released.catch(() => undefined)
    }
    return this.#released
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => undefined)
  }

  lose(reason: LeaseLoss, options?: ErrorOptions): void {
    if (this.#ended) return
    const error = new LockLostError(this.name, reason, this.fencingToken, this.#heldMs, options)
    this.#lost = error
    this.#room.held.remove(this)
    this.#abort.abort(error)
    this.#publish(() => ({ type: 'lost', reason, error }))
  }

  /** Its local deadline has passed. */
  ranOut(): void {
    const limit = this.#room.runtime.monotonicNow() >= this.#holdUntil - marginMs(this.#settings.leaseMs) * 2
    const cause = this.#renewalError
    if (limit) this.lose('maxHold')
    else if (cause === undefined) this.lose('expired')
    else this.lose('outage', { cause })
  }

  finish(reason: HoldfastError): Promise<void> {
    this.#abort.abort(reason)
    if (this.#released !== undefined) return this.#released.then(noop, noop)
    return new Promise((resolve) => (this.#onEnd = resolve))
  }

  abandon(): void {
    this.#room.held.remove(this)
    this.#onEnd?.()
  }

  get #ended(): boolean {
    return this.#released !== undefined || this.#lost !== undefined
  }

  get #heldMs(): number {
    return Math.round(this.#room.runtime.monotonicNow() - this.#grantedAt)
  }

  #publish(event: () => HoldersEvent): void {
    const { fencingToken } = this
    publishLockEvent(this.#room, this, () => ({ ...event(), fencingToken, heldMs: this.#heldMs }))
  }

  get #whyNot(): LeaseLostError {
    return this.#lost ?? new LeaseLostError(`The lease of ${this.name} was released.`)
  }

  async #prolong(leaseMs: number, timeoutMs: number): Promise<void> {
    const { calls, leases } = this.#room
    const { durability } = this.#settings
    const request = { token: this.token, leaseMs, durability }
    const { reply, sentAt } = await calls.call(() => leases.extend(this.key, request), timeoutMs)
    if (!reply.held) {
      this.lose('taken')
      throw this.#whyNot
    }
    const replicas = durability?.replicas ?? 0
    if (reply.acknowledged < replicas) throw new NotReplicatedError(this.name, reply.acknowledged, replicas)
    this.#term.renewed(sentAt, leaseMs)
    this.#renewalError = undefined
    this.#watch(this.#nextAfter(sentAt.monotonic))
  }

  #watch(renewAt: number): void {
    this.#renewAt = renewAt
    if (!this.#ended) this.#room.held.set(this)
  }

  /** A third of the lease later, or a little sooner: leases of the same length leave together, in one write. */
  #nextAfter(at: number): number {
    const { leaseMs } = this.#settings
    const raster = leaseMs / 12
    return Math.floor((at + leaseMs / 3) / raster) * raster
  }

  async #sendRelease(certainMs: number): Promise<ReleaseOutcome> {
    const { token } = this
    const { calls, leases, claimMs, runtime } = this.#room
    const disruptions = this.#room.disruptions()
    const askedAt = runtime.monotonicNow()
    this.#room.releasing.add(token)
    try {
      const request = { token, claimMs, notAfter: this.#notAfter }
      const { reply } = await calls.call(() => leases.release(this.key, request))
      this.#room.lookAfter(this.key, reply)
      // Within the time for which it was certain nobody but we can have ended it.
      const isCertain = runtime.monotonicNow() - askedAt < certainMs
      const resent = certainMs > 0 && this.#room.disruptions() !== disruptions
      const outcome =
        reply.outcome === 'absent' ? this.#whenForgotten(reply.fence, resent || isCertain) : reply.outcome
      this.#publish(() => ({ type: 'released', outcome }))
      return outcome
    } catch (error) {
      this.#publish(() => ({ type: 'releaseFailed', error }))
      const lapsesIn = Math.max(calls.callTimeoutMs, certainMs + marginMs(this.#settings.leaseMs))
      this.#room.releaseInBackground(this.key, token, this.#notAfter, lapsesIn)
      throw error
    } finally {
      this.#room.releasing.delete(token)
      this.#onEnd?.()
    }
  }

  // The storage does not remember how it ended. With a smaller fence it lost its data, and with it the lease. Else this
  // release was executed before, by a client that sent it again after a reconnect, and others of this process ended
  // since; unless there was no reconnect.
  #whenForgotten(fence: number, resent: boolean): ReleaseOutcome {
    if (fence >= this.fencingToken && resent) return 'released'
    return fence > this.fencingToken ? 'lost' : 'expired'
  }
}

function noop(): void {}
