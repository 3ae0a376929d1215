import { type CallChain, callChain, contains } from '../support/call-chain.ts'
import { checkSignal } from '../check-signal.ts'
import { type HoldfastError, StorageUnavailableError, hasCode } from '../errors.ts'
import { LeaseDeadline } from '../lease-deadline.ts'
import { type AbortListener, listenForAbort, stopListening } from '../support/on-abort.ts'
import { type Instant, instant } from '../support/runtime.ts'
import type { AcquireReply, LeaseHolder } from '../storage/leases.ts'
import { Bid } from './bid.ts'
import { LockAbortedError, LockTimeoutError, NotReplicatedError, selfDeadlock } from './errors.ts'
import { type WaitersEvent, publishLockEvent } from './events.ts'
import { HeldLease } from './held-lease.ts'
import { type LockHolder, lockHolders } from './lock-holder.ts'
import { type LockSettings, type LockTarget, waits } from './options.ts'
import type { LockRoom } from './room.ts'
import { type Seen, WaitLimit } from './wait-limit.ts'
import type { Waiting } from './waiters.ts'

type Grants = Extract<WaitersEvent, { type: 'granted' }>['how']
type Refused = Extract<AcquireReply, { outcome: 'queued' | 'busy' }>

/** How long those may take who hand over what an owner that died has left, besides `claimMs`. */
const REPAIR_MS = 1_000
/** A token that turned out to be used up is replaced this often, with no place in the queue between, before the attempt is given up. */
const FRESH_TOKENS = 3

/** What a caller wants, and where the answer goes. */
export interface LockCall {
  readonly target: LockTarget
  readonly settings: LockSettings
  resolve(lease: HeldLease): void
  reject(error: unknown): void
  /** Where it is no error that others hold the lock. */
  readonly skip?: ((holders: readonly LockHolder[]) => void) | undefined
}

/** Begins to acquire. Throws what can be refused at once. */
export function startAttempt(room: LockRoom, call: LockCall): void {
  const { name, key, permits } = call.target
  const signal = checkSignal(call.settings.signal)
  if (signal?.aborted) throw new LockAbortedError(name, 0, { cause: signal.reason })
  const isOurs = (lease: HeldLease): boolean =>
    lease.key === key && lease.token.startsWith(`${room.process}.`) && lease.remainingMs() > 0
  if (waits(call.settings) && permits === 1 && contains(callChain(), HeldLease, isOurs)) {
    throw selfDeadlock(name)
  }
  const attempt = new Attempt(room, call)
  room.waiting.enter(attempt)
  if (signal !== undefined) listenForAbort(signal, attempt)
  attempt.ask()
}

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
 * What ends without a lease withdraws its bid.
 */
class Attempt implements Waiting, AbortListener {
  readonly key: string
  index = -1
  dueAt = Infinity
  askedAt = 0
  sureAt = 0
  readonly #room: LockRoom
  readonly #target: LockTarget
  readonly #settings: LockSettings
  readonly #call: LockCall
  readonly #startedAt: Instant
  readonly #chain: CallChain | undefined
  #bid: Bid
  #bidsLeft = FRESH_TOKENS
  #phase: 'asking' | 'parked' | 'settled' = 'parked'
  /** A push said that the lock is handed over, and asking is the claim. */
  #claims = false
  readonly #limit: WaitLimit

  constructor(room: LockRoom, call: LockCall) {
    this.key = call.target.key
    this.#room = room
    this.#target = call.target
    this.#settings = call.settings
    this.#call = call
    this.#startedAt = instant(room.runtime)
    this.#chain = callChain()
    this.#limit = new WaitLimit(this.#startedAt.monotonic, call.settings)
    this.#bid = new Bid(room, call.target, call.settings)
  }

  get token(): string {
    return this.#bid.token
  }

  ask(): void {
    if (this.#phase !== 'parked') return
    const { waiting } = this.#room
    waiting.listen()
    this.#phase = 'asking'
    this.askedAt = waiting.next()
    this.#bid.ask().then(
      ({ reply, sentAt }) => this.#answered(reply, sentAt),
      (error: unknown) => this.#failed(error),
    )
  }

  /**
   * The storage said by a push that it handed the lock to this token. It did so after this attempt began, so the lock is
   * ours until `claimMs` after that beginning at least, however late the push is: where enough of that is left, nothing
   * else need be asked, and the claim follows. (Else asking is the claim.)
   */
  handedOver(fence: number, claimMs: number): void {
    const { maxHoldMs, durability } = this.#settings
    const { runtime } = this.#room
    const deadline = new LeaseDeadline(runtime, this.#startedAt, claimMs)
    const isCertain = deadline.remainingMs() > claimMs / 2 && claimMs <= maxHoldMs && durability === undefined
    if (this.#phase !== 'parked' || !isCertain) {
      // The answer to a command that is under way may be older than the push.
      this.#claims = true
      return this.ask()
    }
    const lease = this.#hold(fence, deadline, runtime.monotonicNow(), 'handedOver')
    lease.renewNow()
    this.#succeed(lease, false)
  }

  /** Its wait is over. */
  onDue(): void {
    this.dueAt = Infinity
    // A command under way may bring the lease; its end decides.
    if (this.#phase !== 'parked') return
    if (this.#staysOn()) this.#room.waiting.queueOf(this.key).askNow()
    else this.#timeOut()
  }

  /** Its time is over: what is seen from now on says whether an owner may have died. */
  saw(seen: Seen): void {
    const { runtime, claimMs } = this.#room
    if (!this.#limit.saw(seen, runtime.monotonicNow(), claimMs + REPAIR_MS)) this.#timeOut(seen)
    else this.#wakeAtEnd()
  }

  /** The caller's signal was aborted. */
  aborted(): void {
    this.#abort(this.#settings.signal?.reason)
  }

  /** The instance is closing. */
  closing(error: HoldfastError): void {
    this.#abort(error)
  }

  #abort(cause: unknown): void {
    this.#giveUp(new LockAbortedError(this.#target.name, this.#waitedMs, { cause }))
  }

  #answered(reply: AcquireReply, sentAt: Instant): void {
    if (this.#phase === 'settled') return
    this.#phase = 'parked'
    this.#bid.known = true
    switch (reply.outcome) {
      case 'granted':
        return this.#granted(reply.fence, reply.acknowledged, sentAt)
      case 'busy':
        // Nothing of it is left that would have to be withdrawn.
        this.#bid.known = false
        return this.#timeOut({ ...reply, at: sentAt.monotonic })
      case 'queued':
        return this.#queued(reply, { ...reply, at: sentAt.monotonic })
      case 'late':
      case 'ended':
        return this.#startOver(reply.outcome)
    }
  }

  #granted(fence: number, acknowledged: number, sentAt: Instant): void {
    const { grantMs, durability } = this.#settings
    const replicas = durability?.replicas ?? 0
    if (acknowledged < replicas) {
      return this.#giveUp(new NotReplicatedError(this.#target.name, acknowledged, replicas))
    }
    const deadline = new LeaseDeadline(this.#room.runtime, sentAt, grantMs)
    // The answer took so long that the lease may be over: not one to hand out.
    if (deadline.remainingMs() === 0) {
      this.#bid.withdraw()
      return this.#startOver('answered too late')
    }
    const how = this.#claims ? 'handedOver' : this.#bid.queued ? 'asked' : 'atOnce'
    const lease = this.#hold(fence, deadline, sentAt.monotonic, how)
    this.#succeed(lease, !this.#claims)
  }

  #hold(fence: number, deadline: LeaseDeadline, grantedAt: number, how: Grants): HeldLease {
    const { token, notAfter } = this.#bid
    this.#publish(() => ({ type: 'granted', fencingToken: fence, waitedMs: this.#waitedMs, how }))
    return new HeldLease(this.#room, this.#target, this.#settings, {
      token,
      fence,
      deadline,
      grantedAt,
      notAfter,
    })
  }

  #queued({ ahead, kept }: Refused, seen: Seen): void {
    const { waiting } = this.#room
    const { queued } = this.#bid
    const { holders } = seen
    const isOurs = ({ token }: LeaseHolder): boolean =>
      contains(this.#chain, HeldLease, (lease) => lease.token === token && lease.remainingMs() > 0)
    if (holders.length > 0 && holders.every(isOurs)) {
      return this.#giveUp(selfDeadlock(this.#target.name))
    }
    if (!queued) this.#publish(() => ({ type: 'waiting', ahead, holders: lockHolders(holders, seen.now) }))
    this.#bid.queued = true
    // A place that is lost later costs its token where a younger one of this process has ended: that is no trouble.
    this.#bidsLeft = FRESH_TOKENS
    if (this.#isOver() && !this.#staysOn()) return this.#timeOut(seen)
    if (this.dueAt === Infinity) this.#wakeAtEnd()
    waiting.queueOf(this.key).queued(this, seen, ahead, queued && !kept)
    if (this.#claims) this.ask()
    this.#claims = false
  }

  #startOver(why: string): void {
    this.#bidsLeft -= 1
    const isOver = waits(this.#settings) && this.#isOver() && !this.#staysOn()
    // Others hold it, as was said before.
    if (isOver && this.#room.waiting.queueOf(this.key).seen !== undefined) return this.#timeOut()
    if (isOver || this.#bidsLeft < 0) {
      const message = `The storage's answers about lock ${this.#target.name} were of no use (${why}).`
      return this.#giveUp(new StorageUnavailableError(message, { maybeApplied: true }))
    }
    this.#bid = new Bid(this.#room, this.#target, this.#settings)
    this.ask()
  }

  #failed(error: unknown): void {
    if (this.#phase === 'settled') return
    this.#phase = 'parked'
    const unavailable = hasCode(error, 'STORAGE_UNAVAILABLE')
    this.#bid.known ||= unavailable && (error as StorageUnavailableError).maybeApplied
    if (!unavailable || !this.#bid.queued) return this.#giveUp(error)
    // A storage that fails while we wait in its queue may come back with the queue.
    this.#room.waiting.queueOf(this.key).failed(this, error)
    if (this.#isOver() && !this.#staysOn()) this.#giveUp(error)
  }

  /** The time is over: true where it is waited on, because an owner may have died. */
  #staysOn(): boolean {
    const { waiting, runtime, calls } = this.#room
    if (!this.#limit.mayLook(runtime.monotonicNow(), calls.callTimeoutMs)) return false
    this.#wakeAtEnd()
    waiting.queueOf(this.key).overdue(this)
    return true
  }

  #wakeAtEnd(): void {
    this.dueAt = this.#limit.overAt
    this.#room.waiting.watch(this)
  }

  /** Others hold it; `seen` is what was said just now, if it was. */
  #timeOut(seen?: Seen): void {
    const queue = seen === undefined ? this.#room.waiting.queueOf(this.key) : undefined
    if (queue?.failure !== undefined) return this.#giveUp(queue.failure)
    const last = seen ?? queue?.seen
    const holders = last === undefined ? [] : lockHolders(last.holders, last.now)
    const waitedMs = this.#waitedMs
    if (this.#call.skip !== undefined) {
      this.#publish(() => ({ type: 'gaveUp', outcome: 'skipped', waitedMs, holders }))
      this.#end()
      return this.#call.skip(holders)
    }
    const { runtime } = this.#room
    const ageMs = last === undefined ? 0 : Math.round(runtime.monotonicNow() - last.at)
    this.#giveUp(new LockTimeoutError(this.#target.name, waitedMs, holders, ageMs))
  }

  #giveUp(error: unknown): void {
    if (this.#phase === 'settled') return
    this.#publish(() => {
      const { holders } = error as Partial<LockTimeoutError>
      return {
        type: 'gaveUp',
        outcome: outcomeOf(error),
        waitedMs: this.#waitedMs,
        holders: holders ?? [],
        error,
      }
    })
    this.#end()
    this.#call.reject(error)
  }

  #end(): void {
    if (this.#bid.known || this.#phase === 'asking') this.#bid.withdraw()
    this.#settle(false)
  }

  #succeed(lease: HeldLease, askedFor: boolean): void {
    this.#settle(askedFor)
    this.#call.resolve(lease)
  }

  /** `askedFor`: with a lease that no push told of. */
  #settle(askedFor: boolean): void {
    this.#phase = 'settled'
    const { signal } = this.#settings
    if (signal !== undefined) stopListening(signal, this)
    this.#room.waiting.leave(this, askedFor)
  }

  get #waitedMs(): number {
    return Math.round(this.#room.runtime.monotonicNow() - this.#startedAt.monotonic)
  }

  #publish(event: () => WaitersEvent): void {
    publishLockEvent(this.#room, { name: this.#target.name, token: this.token }, event)
  }

  #isOver(): boolean {
    return this.#room.runtime.monotonicNow() >= this.#limit.overAt
  }
}

function outcomeOf(error: unknown): Extract<WaitersEvent, { type: 'gaveUp' }>['outcome'] {
  if (hasCode(error, 'LOCK_TIMEOUT')) return 'timedOut'
  if (hasCode(error, 'LOCK_ABORTED')) return hasCode(error.cause, 'CLOSED') ? 'closed' : 'aborted'
  return hasCode(error, 'STORAGE_UNAVAILABLE') ? 'storageUnavailable' : 'failed'
}
