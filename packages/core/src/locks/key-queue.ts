import type { HoldfastError } from '../errors.ts'
import type { TimerEntry, TimerQueue } from '../support/timer-queue.ts'
import type { Runtime } from '../support/runtime.ts'
import type { Seen } from './wait-limit.ts'

/** A call that wants a lease, as the others of this process see it. It is due when its time is over. */
export interface Waiter extends TimerEntry {
  readonly key: string
  readonly token: string
  /** When its last command left: see {@link Doubts}. */
  readonly askedAt: number
  /** The `askedAt` of the last command that was answered with a place in the queue. */
  sureAt: number
  /** The storage handed it over, for `claimMs` from then on. */
  handedOver(fence: number, claimMs: number): void
  /** Its time is over: who holds the key now, and whether that can go on, decides. */
  saw(seen: Seen): void
  /** Asks the storage; nothing happens while its command is in flight. The queue must learn how that ends. */
  ask(): void
  /** Gives up, because the instance is closing. */
  abort(cause: HoldfastError): void
}

/**
 * What puts places in doubt, in an order that needs no clock: a place is sure when its command left after the
 * last doubt.
 */
export interface Doubts {
  /** Pushes for commands that are sent from now on will arrive. */
  readonly listening: boolean
  /** When pushes for any key may have been missed. */
  readonly doubtedAt: number
  next(): number
  /** A waiter lost its place, and pushes did not say so. */
  lostPlace(): void
}

/** Where pushes are refused, waiters ask about this often. */
const RETRY_MS = 100
/** How long waiters leave alone a storage that failed while they waited. */
const FAILED_PAUSE_MS = 250

/**
 * Those who wait for one key in one process. As long as there is one, one asks or a timer is set, also when the one
 * that asked last has gone: else the first of them asks, now. Where pushes arrive, one asks at a time, so that the end
 * of a lease costs one command, and one more for each grant that was got by asking; else all ask for themselves.
 */
export class KeyQueue implements TimerEntry {
  index = -1
  dueAt: number = Infinity
  readonly #timers: TimerQueue<KeyQueue>
  readonly #runtime: Runtime
  readonly #doubts: Doubts
  readonly #claimMs: number
  /** In the order in which they got into the queue of the storage. */
  readonly #waiters = new Set<Waiter>()
  readonly #asking = new Set<Waiter>()
  /** Whom to look at next for doubts. */
  #round: Iterator<Waiter> = this.#waiters.values()
  /** Those whose time is over, and who stay because an owner may have died. */
  readonly #overdue = new Set<Waiter>()
  #doubtedAt = 0
  /** What the storage said last. */
  #seen: Seen | undefined
  #failure: unknown
  /** The storage failed: it is left alone until the timer. */
  #rests = false

  constructor(timers: TimerQueue<KeyQueue>, runtime: Runtime, doubts: Doubts, claimMs: number) {
    this.#timers = timers
    this.#runtime = runtime
    this.#doubts = doubts
    this.#claimMs = claimMs
  }

  get seen(): Seen | undefined {
    return this.#seen
  }

  /** Why the storage could not say since. */
  get failure(): unknown {
    return this.#failure
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0
  }

  /** Mostly the first in line. */
  find(token: string): Waiter | undefined {
    for (const waiter of this.#waiters) if (waiter.token === token) return waiter
    return undefined
  }

  /** All who wait may have lost their places. */
  doubt(): void {
    this.#doubtedAt = this.#doubts.next()
    this.resolveDoubts()
  }

  /** Has those ask whose places are in doubt. */
  resolveDoubts(): void {
    this.#rests = false
    this.#round = this.#waiters.values()
    this.#advance()
  }

  /**
   * The storage answered that it is in the queue, where `ahead` others go first.
   * `lost`: it had a place, and has it no more. Unless its place was in doubt anyway, those whose commands left before
   * its own are from now on.
   */
  queued(waiter: Waiter, seen: Seen, ahead: number, lost: boolean): void {
    this.#seen = seen
    this.#failure = undefined
    this.#waiters.add(waiter)
    this.#asking.delete(waiter)
    const isNews = lost && !this.#isInDoubt(waiter)
    waiter.sureAt = waiter.askedAt
    if (isNews) this.#doubtedAt = waiter.askedAt
    if (lost) this.#doubts.lostPlace()
    if (isNews || this.#isInDoubt(waiter)) this.#round = this.#waiters.values()
    // The first in line asks on time; those behind leave it a moment to repair the lock for all of them.
    const patience = Math.min(this.#claimMs, 5 + Math.min(ahead, 100) * 10 * (0.5 + this.#runtime.random()))
    for (const overdue of this.#overdue) overdue.saw(seen)
    const rests = seen.holders.map(({ remainingMs }) => remainingMs).filter((remainingMs) => remainingMs > 0)
    const restMs = rests.length === 0 ? 0 : Math.min(...rests)
    this.#wakeIn(restMs + patience)
    // Whether the owner renews it, and lives, shows early.
    if (this.#overdue.size > 0) this.#wakeIn(Math.max(100, restMs / 12))
    this.#advance()
  }

  /** The time of one who waits is over: it hears of all answers from now on. */
  overdue(waiter: Waiter): void {
    this.#overdue.add(waiter)
  }

  failed(waiter: Waiter, failure: unknown): void {
    this.#failure = failure
    this.#asking.delete(waiter)
    this.#rests = true
    this.#wakeIn(FAILED_PAUSE_MS)
  }

  /**
   * One waiter asks now, unless one does already: a waiter got the lock, but not by a push, so what this process knows of
   * leases and places is out of date; or a waiter has to know.
   */
  askNow(): void {
    this.#rests = false
    this.#cancelTimer()
    this.#advance()
  }

  /** True: it had a place. */
  leave(waiter: Waiter): boolean {
    const hadPlace = this.#waiters.delete(waiter)
    this.#overdue.delete(waiter)
    this.#asking.delete(waiter)
    this.#advance()
    return hadPlace
  }

  onDue(): void {
    this.dueAt = Infinity
    this.#rests = false
    if (this.#doubts.listening) this.#advance()
    else this.doubt()
  }

  #advance(): void {
    if (this.#waiters.size === 0) return this.#cancelTimer()
    if (this.#rests) return
    while (this.#asking.size === 0 || !this.#doubts.listening) {
      const next = this.#nextInDoubt()
      if (next === undefined) break
      this.#ask(next)
    }
    const [first] = this.#waiters
    if (first !== undefined && this.#asking.size === 0 && this.dueAt === Infinity) this.#ask(first)
  }

  #ask(waiter: Waiter): void {
    this.#asking.add(waiter)
    waiter.ask()
  }

  #nextInDoubt(): Waiter | undefined {
    for (;;) {
      const { value, done } = this.#round.next()
      if (done === true) return undefined
      if (this.#isInDoubt(value) && !this.#asking.has(value)) return value
    }
  }

  #isInDoubt({ sureAt }: Waiter): boolean {
    return sureAt < this.#doubtedAt || sureAt < this.#doubts.doubtedAt
  }

  #cancelTimer(): void {
    this.dueAt = Infinity
    this.#timers.remove(this)
  }

  #wakeIn(inMs: number): void {
    const delay = this.#doubts.listening ? inMs : Math.min(inMs, RETRY_MS * (0.5 + this.#runtime.random()))
    const at = this.#runtime.monotonicNow() + delay
    if (at >= this.dueAt) return
    this.dueAt = at
    this.#timers.set(this)
  }
}
