import { StorageUnavailableError, isUnavailable } from '../errors.ts'
import { LeaseDeadline } from '../lease-deadline.ts'
import type { AcquireReply } from '../storage/leases.ts'
import type { CallChain } from '../support/call-chain.ts'
import { type AbortListener, listenForAbort, stopListening } from '../support/on-abort.ts'
import type { TimedReply } from '../support/pending-request.ts'
import { type Instant, instant } from '../support/runtime.ts'
import type { AcquireCall } from './acquire-call.ts'
import { LockAbortedError, LockTimeoutError, NotReplicatedError, selfDeadlock } from './errors.ts'
import { type WaitersEvent, gaveUp, publishLockEvent } from './events.ts'
import { type Grant, HeldLease, holdsAll } from './held-lease.ts'
import type { Waiter } from './key-queue.ts'
import type { LockContext } from './lock-context.ts'
import { lockHolders } from './lock-holder.ts'
import { waits } from './options.ts'
import { type Seen, WaitLimit } from './wait-limit.ts'

type Grants = Extract<WaitersEvent, { type: 'granted' }>['how']
type Refused = Extract<AcquireReply, { outcome: 'queued' | 'busy' }>

/** How long those may take who hand over what an owner that died has left, besides `claimMs`. */
const REPAIR_MS = 1_000
/** A token that turned out to be used up is replaced this often, with no place in the queue between, before the request is given up. */
const FRESH_TOKENS = 3

/**
 * One call of acquire, from its first command to its lease or its error.
 *
 * ```
 *   asking ──granted──► lease ◄──handed over──┐
 *     │ ▲ ──busy, error, aborted──► settled   │
 *     ▼ │ push, timer, reconnect              │
 *   parked ───────────────────────────────────┘
 *     └──wait over, aborted──► settled
 * ```
 *
 * It asks with one token as often as is needed. A token that has ended in the storage is used up: the request goes on with
 * a fresh one. One that ends without a lease is cancelled.
 */
export class AcquireRequest implements Waiter, AbortListener {
  readonly key: string
  token: string
  index = -1
  dueAt: number = Infinity
  askedAt = 0
  sureAt = 0
  readonly #context: LockContext
  readonly #call: AcquireCall
  readonly #startedAt: Instant
  readonly #chain: CallChain | undefined
  #madeLimit: WaitLimit | undefined
  #phase: 'asking' | 'parked' | 'settled' = 'parked'
  /** The token has had a place in the queue. */
  #isQueued = false
  /** When it began to wait in line. */
  #queuedAt: number | undefined
  /** A command with the token may have been executed, or may yet be. */
  #maybeKnown = false
  /** Until when, on the storage's clock, a command with the token may be executed. */
  #notAfter = 0
  #tokensLeft = FRESH_TOKENS
  /** A push said that the lock is handed over, and asking is the claim. */
  #claims = false

  constructor(context: LockContext, call: AcquireCall, chain: CallChain | undefined) {
    this.key = call.target.key
    this.token = context.nextToken()
    this.#context = context
    this.#call = call
    this.#startedAt = instant(context.runtime)
    this.#chain = chain
  }

  start(): void {
    const { signal } = this.#call.settings
    this.#context.waiting.enqueue(this)
    if (signal !== undefined) listenForAbort(signal, this)
    this.ask(this.#startedAt)
  }

  /** `now`: if the clocks have been read just now. */
  ask(now?: Instant): void {
    if (this.#phase !== 'parked') return
    const { calls, waiting } = this.#context
    waiting.listen()
    this.#phase = 'asking'
    this.askedAt = waiting.next()
    calls
      .claim((notAfter) => this.#send(notAfter), calls.callTimeoutMs, now)
      .then(
        (answer) => this.#answered(answer),
        (error: unknown) => this.#failed(error),
      )
  }

  /**
   * The storage said by a push that it handed the lock to this token. It did so after this request began, so the lock is
   * ours until `claimMs` after that beginning at least, however late the push is: where enough of that is left, nothing
   * else need be asked, and the claim follows. (Else asking is the claim.)
   */
  handedOver(fence: number, claimMs: number): void {
    const { runtime } = this.#context
    const { maxHoldMs, durability } = this.#call.settings
    const deadline = new LeaseDeadline(runtime, this.#startedAt, claimMs)
    const isCertain = deadline.remainingMs() > claimMs / 2 && claimMs <= maxHoldMs && durability === undefined
    if (this.#phase !== 'parked' || !isCertain) {
      // The answer to a command that is in flight may be older than the push.
      this.#claims = true
      return this.ask()
    }
    this.#succeed({ fence, deadline, grantedAt: runtime.monotonicNow() }, 'handedOver', true)
  }

  /** Its wait is over. */
  onDue(): void {
    this.dueAt = Infinity
    // A command in flight may bring the lease; its end decides.
    if (this.#phase !== 'parked') return
    if (this.#isTimeUp()) this.#timeOut()
    else this.#context.waiting.queueOf(this.key).askNow()
  }

  /** Its time is over: what is seen from now on shows whether an owner may have died. */
  saw(seen: Seen): void {
    const { runtime, claimMs } = this.#context
    if (this.#limit.saw(seen, runtime.monotonicNow(), claimMs + REPAIR_MS)) this.#wakeAtEnd()
    else this.#timeOut(seen)
  }

  /** The caller's signal was aborted. */
  aborted(): void {
    this.abort(this.#call.settings.signal?.reason)
  }

  abort(cause: unknown): void {
    this.#giveUp(new LockAbortedError(this.#call.target.name, this.#waited.waitedMs, { cause }))
  }

  #send(notAfter: number): Promise<AcquireReply> {
    this.#notAfter = Math.max(this.#notAfter, notAfter)
    const { target, settings } = this.#call
    return this.#context.acquire(target, this.token, settings, notAfter)
  }

  #answered({ reply, sentAt }: TimedReply<AcquireReply>): void {
    if (this.#phase === 'settled') return
    this.#phase = 'parked'
    this.#maybeKnown = true
    switch (reply.outcome) {
      case 'granted':
        return this.#granted(reply.fence, reply.acknowledged, sentAt)
      case 'busy':
        // Nothing of it is left that would have to be cancelled.
        this.#maybeKnown = false
        return this.#timeOut({ ...reply, at: sentAt.monotonic })
      case 'queued':
        return this.#queued(reply, { ...reply, at: sentAt.monotonic })
      case 'late':
      case 'ended':
        return this.#startOver(reply.outcome)
    }
  }

  #granted(fence: number, acknowledged: number, sentAt: Instant): void {
    const { settings, target } = this.#call
    const replicas = settings.durability?.replicas ?? 0
    if (acknowledged < replicas) {
      return this.#giveUp(new NotReplicatedError(target.name, acknowledged, replicas))
    }
    const deadline = new LeaseDeadline(this.#context.runtime, sentAt, settings.grantMs)
    // The answer took so long that the lease may be over: not one to hand out.
    if (deadline.remainingMs() === 0) {
      this.#cancel()
      return this.#startOver('answered too late')
    }
    const how = this.#claims ? 'handedOver' : this.#isQueued ? 'asked' : 'atOnce'
    this.#succeed({ fence, deadline, grantedAt: sentAt.monotonic }, how)
  }

  #succeed(grant: Omit<Grant, 'token' | 'notAfter'>, how: Grants, needsClaim = false): void {
    const { target, settings } = this.#call
    this.#publish(() => ({ type: 'granted', fencingToken: grant.fence, ...this.#waited, how }))
    const all = { ...grant, token: this.token, notAfter: this.#notAfter }
    const lease = new HeldLease(this.#context, target, settings, all)
    if (needsClaim) lease.renewNow()
    this.#settle(true, how !== 'handedOver')
    this.#call.resolve(lease)
  }

  #queued({ ahead, kept }: Refused, seen: Seen): void {
    const { holders } = seen
    if (holdsAll(this.#chain, holders)) return this.#giveUp(selfDeadlock(this.#call.target.name))
    const wasQueued = this.#isQueued
    if (this.#queuedAt === undefined) {
      this.#queuedAt = this.#context.runtime.monotonicNow()
      this.#publish(() => ({ type: 'waiting', ahead, holders: lockHolders(holders, seen.now) }))
    }
    this.#isQueued = true
    // A place that is lost later costs its token where a younger one of this process has ended: that is no trouble.
    this.#tokensLeft = FRESH_TOKENS
    if (this.#isTimeUp()) return this.#timeOut(seen)
    if (this.dueAt === Infinity) this.#wakeAtEnd()
    this.#context.waiting.queueOf(this.key).queued(this, seen, ahead, wasQueued && !kept)
    if (this.#claims) this.ask()
    this.#claims = false
  }

  #startOver(why: string): void {
    const { target, settings } = this.#call
    this.#tokensLeft -= 1
    const isOver = waits(settings) && this.#isTimeUp()
    // Others hold it, as was said before.
    if (isOver && this.#context.waiting.queueOf(this.key).seen !== undefined) return this.#timeOut()
    if (isOver || this.#tokensLeft < 0) {
      const message = `The storage's answers about lock ${target.name} were of no use (${why}).`
      return this.#giveUp(new StorageUnavailableError(message, { maybeApplied: true }))
    }
    this.token = this.#context.nextToken()
    this.#isQueued = this.#maybeKnown = false
    this.#notAfter = 0
    this.ask()
  }

  #failed(error: unknown): void {
    if (this.#phase === 'settled') return
    this.#phase = 'parked'
    this.#maybeKnown ||= isUnavailable(error) && error.maybeApplied
    if (!isUnavailable(error) || !this.#isQueued) return this.#giveUp(error)
    // A storage that fails while we wait in its queue may come back with the queue.
    this.#context.waiting.queueOf(this.key).failed(this, error)
    if (this.#isTimeUp()) this.#giveUp(error)
  }

  /** Whether the time is over, and does not go on because an owner may have died. */
  #isTimeUp(): boolean {
    const { waiting, runtime, calls } = this.#context
    const now = runtime.monotonicNow()
    if (now < this.#limit.overAt) return false
    if (!this.#limit.mayLook(now, calls.callTimeoutMs)) return true
    this.#wakeAtEnd()
    waiting.queueOf(this.key).overdue(this)
    return false
  }

  #wakeAtEnd(): void {
    this.dueAt = this.#limit.overAt
    this.#context.waiting.enqueue(this)
  }

  /** Others hold it; `seen` is what was said just now, if it was. */
  #timeOut(seen?: Seen): void {
    const { target, skip } = this.#call
    const { waiting, runtime } = this.#context
    const queue = seen === undefined ? waiting.queueOf(this.key) : undefined
    if (queue?.failure !== undefined) return this.#giveUp(queue.failure)
    const last = seen ?? queue?.seen
    const holders = last === undefined ? [] : lockHolders(last.holders, last.now)
    if (skip !== undefined) {
      this.#publish(() => ({ type: 'gaveUp', outcome: 'skipped', ...this.#waited, holders }))
      this.#settle(false)
      return skip(holders)
    }
    const ageMs = last === undefined ? 0 : Math.round(runtime.monotonicNow() - last.at)
    this.#giveUp(new LockTimeoutError(target.name, this.#waited.waitedMs, holders, ageMs))
  }

  #giveUp(error: unknown): void {
    if (this.#phase === 'settled') return
    this.#publish(() => gaveUp(error, this.#waited))
    this.#settle(false)
    this.#call.reject(error)
  }

  /**
   * Leaves the queue of the storage, releases what was granted meanwhile, and keeps a command that is in flight from
   * granting anything: what of this is needed.
   */
  #cancel(): void {
    const { leaseMs } = this.#call.settings
    this.#context.releaseInBackground(this.key, this.token, this.#notAfter, leaseMs)
  }

  /** `askedFor`: with a lease that no push announced. */
  #settle(isGranted: boolean, askedFor = false): void {
    if (!isGranted && (this.#maybeKnown || this.#phase === 'asking')) this.#cancel()
    this.#phase = 'settled'
    const { signal } = this.#call.settings
    if (signal !== undefined) stopListening(signal, this)
    this.#context.waiting.leave(this, askedFor)
  }

  /** Most get the lock at once, and need none. */
  get #limit(): WaitLimit {
    return (this.#madeLimit ??= new WaitLimit(this.#startedAt.monotonic, this.#call.settings))
  }

  get #waited(): { readonly waitedMs: number; readonly queuedMs: number | null } {
    const now = this.#context.runtime.monotonicNow()
    const queuedMs = this.#queuedAt === undefined ? null : now - this.#queuedAt
    return { waitedMs: Math.round(now - this.#startedAt.monotonic), queuedMs }
  }

  #publish(event: () => WaitersEvent): void {
    publishLockEvent(this.#context, { name: this.#call.target.name, token: this.token }, event)
  }
}
