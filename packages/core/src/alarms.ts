import { type Listed, Roster } from './roster.ts'
import type { Runtime, Timer } from './runtime.ts'

/** Something to be done at a moment. */
export interface Alarm extends Listed {
  /** Monotonic milliseconds; `Infinity` for never. Tell {@link Alarms.set} when it changes. */
  readonly dueAt: number
  /** Called when it is due, and again while it is. Must not throw. */
  ring(): void
}

/**
 * Many alarms on one timer. Most of what is set is called off long before it is due (a call is answered, a job ends),
 * so setting and calling off cost next to nothing, and what is due together rings in one turn of the event loop.
 *
 * The timer stays when the last alarm is called off: one that finds nothing to do costs less than setting and
 * cancelling one with every call. It does not keep the process alive then.
 */
export class Alarms<A extends Alarm = Alarm> {
  readonly #runtime: Runtime
  readonly #background: boolean
  readonly #alarms = new Roster<A>()
  #timer: Timer | undefined
  #timerAt = Infinity
  #closed = false

  /** With `background` the alarms do not keep the process alive. */
  constructor(runtime: Runtime, options: { readonly background: boolean }) {
    this.#runtime = runtime
    this.#background = options.background
  }

  /** Those that are set now. */
  get all(): Iterable<A> {
    return this.#alarms
  }

  /** Sets it, or takes note that its `dueAt` changed. */
  set(alarm: A): void {
    const isFirst = this.#alarms.size === 0
    this.#alarms.add(alarm)
    if (alarm.dueAt < this.#timerAt) this.#arm(alarm.dueAt)
    if (isFirst && !this.#background) this.#timer?.keepAlive(true)
  }

  remove(alarm: A): void {
    this.#alarms.delete(alarm)
    if (this.#alarms.size > 0) return
    if (this.#closed) this.#disarm()
    else if (!this.#background) this.#timer?.keepAlive(false)
  }

  /** Ends the timer when there is no alarm left. Alarms that are set later still ring. */
  close(): void {
    this.#closed = true
    if (this.#alarms.size === 0) this.#disarm()
  }

  #ring(): void {
    this.#timer = undefined
    this.#timerAt = Infinity
    const now = this.#runtime.monotonicNow()
    for (const alarm of this.#alarms) if (alarm.dueAt <= now && this.#alarms.has(alarm)) alarm.ring()
    let next = Infinity
    for (const alarm of this.#alarms) if (alarm.dueAt < next) next = alarm.dueAt
    if (next < this.#timerAt) this.#arm(next)
  }

  #arm(at: number): void {
    const now = this.#runtime.monotonicNow()
    // One that is overdue (the event loop was blocked, or the process stopped) rings before any that is set now.
    if (this.#timerAt <= now) return
    this.#timer?.cancel()
    this.#timerAt = at
    const inMs = Math.max(0, at - now)
    this.#timer = this.#runtime.setTimer(inMs, () => this.#ring(), { background: this.#background })
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }
}
