import { type CallChain, callChain } from '../call-chain.ts'
import { checkSignal } from '../check-signal.ts'
import { type HoldfastError, StorageUnavailableError, hasCode } from '../errors.ts'
import { type AbortListener, listenForAbort, stopListening } from '../on-abort.ts'
import { type Instant, instant } from '../runtime.ts'
import type { AcquireReply } from '../storage/leases.ts'
import { Term } from '../validity.ts'
import { Bid } from './bid.ts'
import { LockAbortedError, LockTimeoutError, NotReplicatedError } from './errors.ts'
import { lockEvents } from './events.ts'
import { HeldLease } from './held-lease.ts'
import { lockHolders } from './lock-holder.ts'
import type { LockSettings, LockTarget } from './options.ts'
import type { LockRoom } from './room.ts'
import { type LeaseAround, isHeldAround, selfDeadlock } from './self-deadlock.ts'
import type { Waiting } from './waiters.ts'

type Refused = Extract<AcquireReply, { outcome: 'queued' | 'busy' }>

/** A token that turned out to be used up is replaced this often before the attempt is given up. */
const FRESH_TOKENS = 3

/** What a caller wants, and where the answer goes. */
export interface LockCall {
  readonly target: LockTarget
  readonly settings: LockSettings
  /** A lock that is taken is null and no error; only without `waitMs`. */
  readonly orNull: boolean
  resolve(lease: HeldLease | null): void
  reject(error: unknown): void
}

/** Begins to acquire. Throws what can be refused at once. */
export function startAttempt(room: LockRoom, call: LockCall): void {
  const { name, key, permits } = call.target
  const { waitMs } = call.settings
  const signal = checkSignal(call.settings.signal)
  if (signal?.aborted) throw new LockAbortedError(name, { cause: signal.reason })
  const isOurs = (around: LeaseAround): boolean =>
    around.key === key && around.lease.token.startsWith(`${room.process}.`)
  if (waitMs > 0 && permits === 1 && isHeldAround(callChain(), isOurs)) throw selfDeadlock(name)
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
  place = -1
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
  /** What the storage said last of who holds it. */
  #refused: Refused | undefined
  #unreachable: unknown

  constructor(room: LockRoom, call: LockCall) {
    this.key = call.target.key
    this.#room = room
    this.#target = call.target
    this.#settings = call.settings
    this.#call = call
    this.#startedAt = instant(room.runtime)
    this.#chain = callChain()
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
    const term = new Term(runtime, this.#startedAt, claimMs)
    const isCertain = term.remainingMs() > claimMs / 2 && claimMs <= maxHoldMs && durability === undefined
    if (this.#phase !== 'parked' || !isCertain) {
      // The answer to a command that is under way may be older than the push.
      this.#claims = true
      return this.ask()
    }
    const lease = this.#hold(fence, term, runtime.monotonicNow())
    void lease.renew()
    this.#succeed(lease, false)
  }

  /** Its wait is over. */
  ring(): void {
    // A command under way may bring the lease; its end decides.
    this.dueAt = Infinity
    if (this.#phase === 'parked') this.#timeOut()
  }

  /** The caller's signal was aborted. */
  aborted(): void {
    this.#giveUp(new LockAbortedError(this.#target.name, { cause: this.#settings.signal?.reason }))
  }

  /** The instance is closing. */
  closing(error: HoldfastError): void {
    this.#giveUp(new LockAbortedError(this.#target.name, { cause: error }))
  }

  #answered(reply: AcquireReply, sentAt: Instant): void {
    if (this.#phase === 'settled') return
    this.#phase = 'parked'
    this.#bid.known = true
    this.#unreachable = undefined
    switch (reply.outcome) {
      case 'granted':
        return this.#granted(reply.fence, reply.acknowledged, sentAt)
      case 'busy':
        return this.#busy(reply)
      case 'queued':
        return this.#queued(reply)
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
    const term = new Term(this.#room.runtime, sentAt, grantMs)
    // The answer took so long that the lease may be over: not one to hand out.
    if (term.remainingMs() === 0) {
      this.#bid.withdraw()
      return this.#startOver('answered too late')
    }
    const lease = this.#hold(fence, term, sentAt.monotonic)
    this.#succeed(lease, !this.#claims)
  }

  #hold(fence: number, term: Term, grantedAt: number): HeldLease {
    const { name } = this.#target
    const { token, notAfter } = this.#bid
    const waitedMs = this.#waitedMs()
    lockEvents.publish(() => ({ type: 'granted', name, token, fencingToken: fence, waitedMs }))
    return new HeldLease(this.#room, this.#target, this.#settings, {
      token,
      fence,
      term,
      grantedAt,
      notAfter,
    })
  }

  #busy(reply: Refused): void {
    if (this.#call.orNull) return this.#succeed(null, false)
    this.#refused = reply
    this.#timeOut()
  }

  #queued(reply: Refused): void {
    const { holders, ahead, kept } = reply
    const { waiting } = this.#room
    const { name } = this.#target
    const { token, queued } = this.#bid
    this.#refused = reply
    const isOurs = (token: string): boolean => isHeldAround(this.#chain, ({ lease }) => lease.token === token)
    if (holders.length > 0 && holders.every((holder) => isOurs(holder.token))) {
      return this.#giveUp(selfDeadlock(name))
    }
    if (!queued) lockEvents.publish(() => ({ type: 'waiting', name, token, ahead }))
    this.#bid.queued = true
    if (this.#isOver()) return this.#timeOut()
    if (this.dueAt === Infinity) {
      this.dueAt = this.#startedAt.monotonic + this.#settings.waitMs
      waiting.watch(this)
    }
    const left = holders.map(({ remainingMs }) => remainingMs).filter((remainingMs) => remainingMs > 0)
    waiting.queueOf(this.key).queued(this, left.length === 0 ? 0 : Math.min(...left), ahead, queued && !kept)
    if (this.#claims) this.ask()
    this.#claims = false
  }

  #startOver(why: string): void {
    this.#bidsLeft -= 1
    if (this.#bidsLeft < 0 || (this.#settings.waitMs > 0 && this.#isOver())) {
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
    this.#unreachable = error
    if (this.#isOver()) return this.#timeOut()
    this.#room.waiting.queueOf(this.key).failed(this)
  }

  #timeOut(): void {
    const { name } = this.#target
    const { waitMs } = this.#settings
    const holders = this.#refused === undefined ? [] : lockHolders(this.#refused.holders, this.#refused.now)
    this.#giveUp(this.#unreachable ?? new LockTimeoutError(name, waitMs, holders))
  }

  #giveUp(error: unknown): void {
    if (this.#phase === 'settled') return
    const { name } = this.#target
    const { token } = this.#bid
    if (this.#bid.known || this.#phase === 'asking') this.#bid.withdraw()
    lockEvents.publish(() => ({ type: 'gaveUp', name, token, error }))
    this.#settle(false)
    this.#call.reject(error)
  }

  #succeed(lease: HeldLease | null, askedFor: boolean): void {
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

  #waitedMs(): number {
    return this.#room.runtime.monotonicNow() - this.#startedAt.monotonic
  }

  #isOver(): boolean {
    return this.#waitedMs() >= this.#settings.waitMs
  }
}
