import { DenseSet, type Indexed } from './dense-set.ts'
import type { Runtime, Timer } from './runtime.ts'

/** Something to be done at a moment. */
export interface TimerEntry extends Indexed {
  /** Monotonic milliseconds; `Infinity` for never. Call {@link TimerQueue.set} when it changes. */
  readonly dueAt: number
  /** Called when it is due, and again while it is. Must not throw. */
  onDue(): void
}

const REMEMBERED_MS = 60_000

/**
 * How late timers fired, at worst within the last minute. An event loop that is blocked for most of a lease loses it,
 * and this shows before it comes to that.
 */
export class EventLoopDelay {
  #worstMs = 0
  #observedAt = -Infinity

  /** `now`: monotonic. */
  worstMs(now: number): number {
    return now - this.#observedAt > REMEMBERED_MS ? 0 : this.#worstMs
  }

  observe(lateMs: number, now: number): void {
    if (lateMs < this.worstMs(now)) return
    this.#worstMs = lateMs
    this.#observedAt = now
  }
}

export interface TimerQueueOptions {
  /** Its entries do not keep the process alive. */
  readonly background: boolean
  /** Where it notes how late its timer fired. */
  readonly delay?: EventLoopDelay
}

/**
 * Many entries on one timer. Most of what is set is removed long before it is due (a call is answered, a job ends), so
 * both cost next to nothing, and all that is due at once is called in one turn of the event loop.
 *
 * The timer stays when the last entry is removed: a timer that fires for nothing costs less than one that is made and
 * cancelled with every call. It does not keep the process alive then.
 */
export class TimerQueue<E extends TimerEntry = TimerEntry> {
  readonly #runtime: Runtime
  readonly #background: boolean
  readonly #delay: EventLoopDelay | undefined
  readonly #entries = new DenseSet<E>()
  #timer: Timer | undefined
  #timerAt = Infinity
  #closed = false

  constructor(runtime: Runtime, { background, delay }: TimerQueueOptions) {
    this.#runtime = runtime
    this.#background = background
    this.#delay = delay
  }

  /** The entries that are set now. */
  get all(): Iterable<E> {
    return this.#entries
  }

  get size(): number {
    return this.#entries.size
  }

  /** Sets an entry, or notes that its `dueAt` changed. */
  set(entry: E): void {
    const isFirst = this.#entries.size === 0
    this.#entries.add(entry)
    const { dueAt } = entry
    if (dueAt < this.#timerAt) this.#arm(dueAt)
    if (isFirst && !this.#background) this.#timer?.keepAlive(true)
  }

  remove(entry: E): void {
    this.#entries.delete(entry)
    if (this.#entries.size > 0) return
    if (this.#closed) this.#disarm()
    else if (!this.#background) this.#timer?.keepAlive(false)
  }

  /** Ends the timer when no entry is left. Entries that are set later are still called. */
  close(): void {
    this.#closed = true
    if (this.#entries.size === 0) this.#disarm()
  }

  #fire(): void {
    const now = this.#runtime.monotonicNow()
    this.#delay?.observe(now - this.#timerAt, now)
    this.#timer = undefined
    this.#timerAt = Infinity
    for (const entry of this.#entries) if (entry.dueAt <= now && this.#entries.has(entry)) entry.onDue()
    let next = Infinity
    for (const entry of this.#entries) next = Math.min(next, entry.dueAt)
    if (next < this.#timerAt) this.#arm(next)
  }

  #arm(at: number): void {
    const now = this.#runtime.monotonicNow()
    // A timer that is overdue (the event loop was blocked, or the process stopped) fires before any that is set now.
    if (this.#timerAt <= now) return
    this.#timer?.cancel()
    this.#timerAt = at
    const inMs = Math.max(0, at - now)
    this.#timer = this.#runtime.setTimer(inMs, () => this.#fire(), { background: this.#background })
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }
}
