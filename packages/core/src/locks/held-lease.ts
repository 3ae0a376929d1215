import { checkDuration } from '../support/checks.ts'
import { type HoldfastError, LeaseLostError } from '../errors.ts'
import { type LeaseDeadline, marginMs } from '../lease-deadline.ts'
import { LeaseKeeper } from '../lease-keeper.ts'
import { type CallChain, contains } from '../support/call-chain.ts'
import { type LeaseLoss, LockLostError, NotReplicatedError } from './errors.ts'
import { type HoldersEvent, publishLockEvent } from './events.ts'
import type { Lease, ReleaseOutcome } from './lease.ts'
import type { LockSettings, LockTarget } from './options.ts'
import type { Held, LockContext } from './lock-context.ts'

/** How a lease was granted. */
export interface Grant {
  readonly token: string
  readonly fence: number
  /** How long it is certainly held. */
  readonly deadline: LeaseDeadline
  /** The earliest monotonic instant that the grant may count from: for renewals and `maxHoldMs`. */
  readonly grantedAt: number
  /** Until when, on the storage's clock, a command that acquires it may yet be executed. */
  readonly notAfter: number
}

/** A lock that this process holds. Its keeper renews it; a release or a loss ends it, whichever comes first. */
export class HeldLease implements Lease, Held {
  readonly name: string
  readonly token: string
  readonly fencingToken: number
  readonly key: string
  index = -1
  readonly #context: LockContext
  readonly #settings: LockSettings
  readonly #notAfter: number
  readonly #grantedAt: number
  readonly #keeper: LeaseKeeper<Held>
  #lost: LeaseLostError | undefined
  #released: Promise<ReleaseOutcome> | undefined
  #onEnd: (() => void) | undefined

  constructor(context: LockContext, target: LockTarget, settings: LockSettings, grant: Grant) {
    const { token, fence, deadline, grantedAt, notAfter } = grant
    const { leaseMs, maxHoldMs: limitMs } = settings
    this.name = target.name
    this.key = target.key
    this.token = token
    this.fencingToken = fence
    this.#context = context
    this.#settings = settings
    this.#notAfter = notAfter
    this.#grantedAt = grantedAt
    this.#keeper = new LeaseKeeper(context.calls, context.held, this, deadline, {
      leaseMs,
      limitMs,
      grantedAt,
    })
  }

  get signal(): AbortSignal {
    return this.#keeper.signal
  }

  remainingMs(): number {
    return this.#ended ? 0 : this.#keeper.deadline.remainingMs()
  }

  assertValid(): void {
    if (this.remainingMs() > 0) return
    this.timeIsUp('lease')
    throw this.#whyNot
  }

  async extend(additionalMs: number): Promise<void> {
    const more = checkDuration('additionalMs', additionalMs, 1)
    this.assertValid()
    const knownMs = this.remainingMs() + marginMs(this.#settings.leaseMs)
    this.#keeper.extendLimit(more)
    await this.#prolong(Math.ceil(knownMs + more), this.#context.calls.callTimeoutMs)
  }

  /** Claims at once what a push has handed over. */
  renewNow(): void {
    this.#keeper.renewNow()
  }

  /**
   * The keeper asks for this every third of the lease, also when it adds nothing, after `extend` or towards `maxHoldMs`:
   * that is how a lease that the storage lost is found out.
   */
  async renew(timeoutMs: number): Promise<void> {
    const leftMs = this.#keeper.limitAt - this.#context.runtime.monotonicNow()
    try {
      await this.#prolong(Math.ceil(Math.min(this.#settings.leaseMs, leftMs)), timeoutMs)
      if (this.#ended) return
      this.#publish(() => ({ type: 'renewed', lagMs: this.#keeper.lagMs(), remainingMs: this.remainingMs() }))
    } catch (error) {
      if (this.#ended) return
      this.#keeper.retry(error)
      const remainingMs = this.remainingMs()
      this.#publish(() => ({ type: 'renewalFailed', error, remainingMs }))
    }
  }

  release(): Promise<ReleaseOutcome> {
    if (this.#released === undefined) {
      const certain = this.remainingMs()
      this.#keeper.stop()
      this.#released = this.#sendRelease(certain)
    }
    return this.#released
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release().then(noop, noop)
  }

  lose(reason: LeaseLoss, options?: ErrorOptions): void {
    if (this.#ended) return
    const error = new LockLostError(this.name, reason, this.fencingToken, this.#heldMs, options)
    this.#lost = error
    this.#keeper.stop()
    this.#keeper.abort(error)
    this.#publish(() => ({ type: 'lost', reason, error }))
  }

  timeIsUp(of: 'lease' | 'limit'): void {
    // Renewals towards `maxHoldMs` are short: the lease itself ends then.
    if (of === 'limit') return
    const { limitAt, renewalError: cause } = this.#keeper
    const limit = this.#context.runtime.monotonicNow() >= limitAt - marginMs(this.#settings.leaseMs) * 2
    if (limit) this.lose('maxHold')
    else if (cause === undefined) this.lose('expired')
    else this.lose('outage', { cause })
  }

  finish(reason: HoldfastError): Promise<void> {
    this.#keeper.abort(reason)
    if (this.#released !== undefined) return this.#released.then(noop, noop)
    return new Promise((resolve) => (this.#onEnd = resolve))
  }

  abandon(): void {
    this.#keeper.stop()
    if (!this.#ended) this.#publish(() => ({ type: 'abandoned' }))
    this.#onEnd?.()
  }

  get #ended(): boolean {
    return this.#released !== undefined || this.#lost !== undefined
  }

  get #heldMs(): number {
    return Math.round(this.#context.runtime.monotonicNow() - this.#grantedAt)
  }

  #publish(event: () => HoldersEvent): void {
    const { fencingToken } = this
    publishLockEvent(this.#context, this, () => ({ ...event(), fencingToken, heldMs: this.#heldMs }))
  }

  get #whyNot(): LeaseLostError {
    return (
      this.#lost ?? new LeaseLostError(`The lease of lock ${this.name} was released; acquire the lock again.`)
    )
  }

  async #prolong(leaseMs: number, timeoutMs: number): Promise<void> {
    const { calls, leases } = this.#context
    const { durability } = this.#settings
    const request = { token: this.token, leaseMs, durability }
    const { reply, sentAt } = await calls.call(() => leases.extend(this.key, request), timeoutMs)
    if (!reply.held) {
      this.lose('taken')
      throw this.#whyNot
    }
    const replicas = durability?.replicas ?? 0
    if (reply.acknowledged < replicas) throw new NotReplicatedError(this.name, reply.acknowledged, replicas)
    this.#keeper.renewed(sentAt, leaseMs)
  }

  async #sendRelease(certainMs: number): Promise<ReleaseOutcome> {
    const { token } = this
    const { calls, leases, claimMs, disruptions } = this.#context
    this.#context.releasing.add(this)
    try {
      const request = { token, claimMs, notAfter: this.#notAfter }
      const { reply } = await calls.call(() => leases.release(this.key, request))
      this.#context.scheduleReap(this.key, reply.pendingHandOffMs)
      let { outcome } = reply
      if (outcome === 'absent') {
        // Within the time for which it was certainly held, only this process can have ended it.
        const isOurs = this.#keeper.deadline.remainingMs() > 0 || this.#context.disruptions !== disruptions
        outcome = this.#whenForgotten(reply.fence, certainMs > 0 && isOurs)
      }
      this.#publish(() => ({ type: 'released', outcome }))
      return outcome
    } catch (error) {
      // A caller that awaits it sees the rejection; one that does not must not lose the process to it.
      this.#released?.catch(noop)
      this.#publish(() => ({ type: 'releaseFailed', error }))
      const lapsesIn = Math.max(calls.callTimeoutMs, certainMs + marginMs(this.#settings.leaseMs))
      this.#context.releaseInBackground(this.key, token, this.#notAfter, lapsesIn)
      throw error
    } finally {
      this.#context.releasing.delete(this)
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

/** Whether a `run` around the call holds such a lease, as far as is certain. */
export function holdsAround(chain: CallChain | undefined, isIt: (lease: HeldLease) => boolean): boolean {
  return contains(chain, HeldLease, (lease) => isIt(lease) && lease.remainingMs() > 0)
}

/** Whether such `run`s hold all that there is to hold, so that a call inside of them would wait for itself. */
export function holdsAll(
  chain: CallChain | undefined,
  holders: readonly { readonly token: string }[],
): boolean {
  if (holders.length === 0) return false
  return holders.every(({ token }) => holdsAround(chain, (lease) => lease.token === token))
}

function noop(): void {}
