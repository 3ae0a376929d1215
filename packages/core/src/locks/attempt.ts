import { checkSignal } from '../check-signal.ts'
import { HoldfastError, SelfDeadlockError, StorageUnavailableError } from '../errors.ts'
import type { Instant } from '../runtime.ts'
import { type AcquireReply, type LeaseHolder, processOf } from '../storage/leases.ts'
import { LockAbortedError, type LockHolder, LockTimeoutError, NotReplicatedError } from './errors.ts'
import { lockEvents } from './events.ts'
import { HeldLease } from './lease.ts'
import type { LockSettings, LockTarget } from './options.ts'
import { instanceOf } from './process-name.ts'
import type { LockRoom } from './room.ts'
import { type Ancestors, ancestors } from './self-deadlock.ts'
import type { Waiting } from './waiters.ts'

type Queued = Extract<AcquireReply, { outcome: 'queued' | 'busy' }>

/** A token that turned out to be used up is replaced this often before the attempt is given up. */
const FRESH_TOKENS = 3

/**
 * One call of acquire, from its first command to its lease or its error.
 *
 * ```
 *   asking ──granted──► lease
 *     │ ▲ ──busy, error, aborted──► settled
 *     ▼ │ push, timer, reconnect
 *   parked ──wait over, aborted──► settled
 * ```
 *
 * What ends without a lease sends a release for its token: it leaves the queue, gives back what was granted meanwhile,
 * and keeps a command that is still under way from granting anything.
 */
export class Attempt implements Waiting {
  readonly key: string
  readonly #room: LockRoom
  readonly #target: LockTarget
  readonly #settings: LockSettings
  place = -1
  readonly #orNull: boolean
  readonly #resolve: (lease: HeldLease | null) => void
  readonly #reject: (error: unknown) => void
  readonly #startedAt: number
  readonly #ancestors: Ancestors
  #token = ''
  #notAfter = 0
  #freshTokens = 0
  /** A command may have been, or may yet be, executed for the token. */
  #known = false
  #phase: 'asking' | 'parked' | 'settled' = 'parked'
  #askAgain = false
  #uncertain = false
  #queuedBefore = false
  #holders: readonly LockHolder[] = []
  #dueAt = Infinity
  #unreachable: unknown

  private constructor(
    room: LockRoom,
    target: LockTarget,
    settings: LockSettings,
    orNull: boolean,
    resolve: (lease: HeldLease | null) => void,
    reject: (error: unknown) => void,
  ) {
    this.key = target.key
    this.#room = room
    this.#target = target
    this.#settings = settings
    this.#orNull = orNull
    this.#resolve = resolve
    this.#reject = reject
    this.#startedAt = room.runtime.monotonicNow()
    this.#ancestors = ancestors()
  }

  /** With `orNull` a lock that is taken gives null, at once. */
  static start(
    room: LockRoom,
    target: LockTarget,
    settings: LockSettings,
    orNull: boolean,
  ): Promise<HeldLease | null> {
    const signal = checkSignal(settings.signal)
    if (signal?.aborted) return Promise.reject(new LockAbortedError(target.name, { cause: signal.reason }))
    if (
      !orNull &&
      settings.waitMs > 0 &&
      target.permits === 1 &&
      ancestors().holdKey(target.key, room.process)
    ) {
      return Promise.reject(selfDeadlock(target.name))
    }
    return new Promise((resolve, reject) => {
      const attempt = new Attempt(room, target, settings, orNull, resolve, reject)
      room.waiting.enter(attempt)
      signal?.addEventListener('abort', attempt, { once: true })
      attempt.#useFreshToken()
      attempt.ask()
    })
  }

  get token(): string {
    return this.#token
  }

  get dueAt(): number {
    return this.#dueAt
  }

  get uncertain(): boolean {
    return this.#uncertain
  }

  ask(): void {
    if (this.#phase === 'settled') return
    if (this.#phase === 'asking') {
      this.#askAgain = true
      return
    }
    const { calls, leases, claimMs, waiting } = this.#room
    const { leaseMs, maxHoldMs, waitMs, durability } = this.#settings
    const token = this.#token
    const request = {
      token,
      leaseMs: Math.min(leaseMs, maxHoldMs),
      permits: this.#target.permits,
      wait: waitMs > 0 && !this.#orNull,
      claimMs,
      ...(durability && { durability }),
    }
    waiting.listen()
    this.#phase = 'asking'
    this.#askAgain = false
    this.#uncertain = !waiting.listening
    const command = (notAfter: number): Promise<AcquireReply> => {
      this.#notAfter = Math.max(this.#notAfter, notAfter)
      return leases.acquire(this.key, { ...request, notAfter })
    }
    calls
      .claim(command, (reply) => reply.outcome === 'late')
      .then(
        ({ reply, sentAt }) => this.#answered(reply, sentAt),
        (error: unknown) => this.#failed(error),
      )
  }

  waitOver(): void {
    // A command under way may bring the lease; its end decides.
    this.#dueAt = Infinity
    if (this.#phase === 'parked') this.#timeOut()
  }

  /** The caller's signal was aborted. */
  handleEvent(): void {
    this.#giveUp(new LockAbortedError(this.#target.name, { cause: this.#settings.signal?.reason }))
  }

  /** The instance is closing. */
  closing(error: HoldfastError): void {
    this.#giveUp(new LockAbortedError(this.#target.name, { cause: error }))
  }

  #answered(reply: AcquireReply, sentAt: Instant): void {
    if (this.#phase === 'settled') return
    this.#phase = 'parked'
    this.#known = true
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
    const { name } = this.#target
    const replicas = this.#settings.durability?.replicas ?? 0
    if (acknowledged < replicas) return this.#giveUp(new NotReplicatedError(name, acknowledged, replicas))
    const token = this.#token
    const leaseMs = Math.min(this.#settings.leaseMs, this.#settings.maxHoldMs)
    const grant = { token, fence, sentAt, leaseMs, notAfter: this.#notAfter }
    const lease = new HeldLease(this.#room, this.#target, this.#settings, grant)
    // The answer took so long that the lease may be over: not one to hand out.
    if (lease.remainingMs() === 0) {
      lease.abandon()
      this.#release()
      return this.#startOver('answered too late')
    }
    const waitedMs = this.#room.runtime.monotonicNow() - this.#startedAt
    lockEvents.publish(() => ({ type: 'granted', name, token, fencingToken: fence, waitedMs }))
    this.#settle(() => this.#resolve(lease))
  }

  #busy(reply: Queued): void {
    if (this.#orNull) return this.#settle(() => this.#resolve(null))
    this.#see(reply)
    this.#timeOut()
  }

  #queued(reply: Queued): void {
    const { waiting } = this.#room
    const { name } = this.#target
    this.#see(reply)
    if (reply.holders.length > 0 && reply.holders.every(({ token }) => this.#ancestors.hold(token))) {
      return this.#giveUp(selfDeadlock(name))
    }
    if (!this.#queuedBefore) {
      const token = this.#token
      lockEvents.publish(() => ({ type: 'waiting', name, token, ahead: reply.ahead }))
    } else if (!reply.kept) {
      // This process was dropped from the queue without hearing of it; the others of it were too.
      waiting.askAll(this.key)
    }
    this.#queuedBefore = true
    const left = this.#waitLeftMs()
    if (left <= 0) return this.#timeOut()
    if (this.#dueAt === Infinity) {
      this.#dueAt = this.#startedAt + this.#settings.waitMs
      waiting.watch(this)
    }
    if (this.#askAgain || (this.#uncertain && waiting.listening)) return this.ask()
    const remaining = reply.holders
      .filter((holder) => holder.remainingMs > 0)
      .map((holder) => holder.remainingMs)
    waiting.park(this, remaining.length === 0 ? 0 : Math.min(...remaining), reply.ahead)
  }

  #startOver(why: string): void {
    this.#freshTokens += 1
    if (
      this.#freshTokens > FRESH_TOKENS ||
      (this.#settings.waitMs > 0 && !this.#orNull && this.#waitLeftMs() <= 0)
    ) {
      const message = `Lock ${this.#target.name} could not be acquired: the storage's answers were of no use (${why}).`
      return this.#giveUp(new StorageUnavailableError(message, { maybeApplied: true }))
    }
    this.#useFreshToken()
    this.ask()
  }

  #failed(error: unknown): void {
    if (this.#phase === 'settled') return
    this.#phase = 'parked'
    const unavailable = HoldfastError.isInstance(error) && error.code === 'STORAGE_UNAVAILABLE'
    this.#known ||= unavailable && (error as StorageUnavailableError).maybeApplied
    if (!unavailable || !this.#queuedBefore) return this.#giveUp(error)
    // A storage that fails while we wait in its queue may come back with the queue.
    this.#unreachable = error
    if (this.#waitLeftMs() <= 0) return this.#timeOut()
    this.#room.waiting.park(this, 250, 0)
  }

  #timeOut(): void {
    const { name } = this.#target
    const { waitMs } = this.#settings
    this.#giveUp(this.#unreachable ?? new LockTimeoutError(name, waitMs, this.#holders))
  }

  #giveUp(error: unknown): void {
    if (this.#phase === 'settled') return
    const { name } = this.#target
    const token = this.#token
    if (this.#known || this.#phase === 'asking') this.#release()
    lockEvents.publish(() => ({ type: 'gaveUp', name, token, error }))
    this.#settle(() => this.#reject(error))
  }

  #settle(finish: () => void): void {
    this.#phase = 'settled'
    this.#settings.signal?.removeEventListener('abort', this)
    this.#room.waiting.leave(this)
    finish()
  }

  #release(): void {
    this.#room.releaseInBackground(this.key, this.#token, this.#notAfter, this.#settings.leaseMs)
  }

  #useFreshToken(): void {
    this.#token = this.#room.nextToken()
    this.#notAfter = 0
    this.#known = false
    this.#queuedBefore = false
  }

  #waitLeftMs(): number {
    return this.#settings.waitMs - (this.#room.runtime.monotonicNow() - this.#startedAt)
  }

  #see(reply: Queued): void {
    this.#holders = reply.holders.map((holder) => lockHolder(holder, reply.now))
  }
}

function selfDeadlock(name: string): SelfDeadlockError {
  return new SelfDeadlockError(
    `Lock ${name} is held by a run() around this call, which would wait for itself. Pass the lease down instead.`,
  )
}

/** The same holder, as callers see it. */
export function lockHolder({ token, fence, remainingMs, claimed }: LeaseHolder, now: number): LockHolder {
  const process = processOf(token)
  return {
    owner: instanceOf(process),
    token,
    fencingToken: fence,
    // A fence is the microsecond of its grant, or the next after its predecessor.
    heldForMs: Math.max(0, Math.round(now - fence / 1000)),
    remainingMs: Math.max(0, remainingMs),
    claimed,
  }
}
