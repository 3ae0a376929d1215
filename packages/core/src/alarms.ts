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
 */
export class Alarms {
  readonly #runtime: Runtime
  readonly #background: boolean
  readonly #lingering: boolean
  readonly #alarms = new Roster<Alarm>()
  #timer: Timer | undefined
  #timerAt = Infinity

  /**
   * With `background` the alarms do not keep the process alive. With `lingering` (default false) the timer stays when
   * there is no alarm left, which is cheaper where alarms come and go one by one, and must be ended by `close`.
   */
  constructor(runtime: Runtime, options: { readonly background: boolean; readonly lingering?: boolean }) {
    this.#runtime = runtime
    this.#background = options.background
    this.#lingering = options.lingering ?? false
  }

  /** Sets it, or takes note that its `dueAt` changed. */
  set(alarm: Alarm): void {
    this.#alarms.add(alarm)
    if (alarm.dueAt < this.#timerAt) this.#arm(alarm.dueAt)
  }

  remove(alarm: Alarm): void {
    this.#alarms.delete(alarm)
    if (this.#alarms.size === 0 && !this.#lingering) this.close()
  }

  /** Ends the timer, until an alarm is set. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
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
    this.#timer?.cancel()
    this.#timerAt = at
    const inMs = Math.max(0, at - this.#runtime.monotonicNow())
    this.#timer = this.#runtime.setTimer(inMs, () => this.#ring(), { background: this.#background })
  }
}
