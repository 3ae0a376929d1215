import type { Runtime, Timer } from '../../support/runtime.ts'
import type { Random } from './random.ts'
import { currentOperation } from './current-operation.ts'
import type { Owner, Scheduler, SimulatedEvent } from './scheduler.ts'

export interface ProcessClock {
  /** How many milliseconds its clocks count in a true one. */
  readonly rate: number
  readonly monotonicStart: number
  readonly wallStart: number
}

/**
 * One run of one process: its clocks, its timers, and whether it gets to run at all. What happens to it while it is
 * stopped happens when it goes on; a dead one never runs again, and none of its promises is ever answered.
 */
export class SimulatedProcess implements Owner {
  readonly name: string
  /** Its column in the time line. */
  readonly index: number
  readonly runtime: Runtime
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #clock: ProcessClock
  readonly #timers = new Set<Timer>()
  readonly #onResume = new Set<() => void>()
  #state: 'running' | 'stopped' | 'dead' = 'running'
  #stoppedUntil = 0
  #firstWhenResumed: (() => void)[] = []
  #kept: SimulatedEvent[] = []
  #ids = 0
  #wallSteps = 0
  #slept = 0
  #asleepSince: number | undefined
  #clockJumpedAt = -Infinity
  #resumedAt = -Infinity

  constructor(name: string, index: number, scheduler: Scheduler, clock: ProcessClock, random: Random) {
    this.name = name
    this.index = index
    this.#scheduler = scheduler
    this.#clock = clock
    this.#random = random
    this.runtime = {
      monotonicNow: () => this.#monotonicNow(),
      wallNow: () => clock.wallStart + scheduler.now * clock.rate + this.#wallSteps,
      setTimer: (ms, fn) => this.#setTimer(ms, fn),
      afterReplies: (fn) => this.#afterReplies(fn),
      randomId: () => `${name}-${(this.#ids += 1)}-`.padEnd(22, '0'),
      random: () => random.next(),
    }
  }

  get state(): 'running' | 'stopped' | 'dead' {
    return this.#state
  }

  /** When its clocks last did what no timer shows: its machine woke up from sleep, or its wall clock was stepped. */
  get clockJumpedAt(): number {
    return this.#clockJumpedAt
  }

  /** When it last began to run again after a stop. */
  get resumedAt(): number {
    return this.#resumedAt
  }

  /** How many timers would still fire. */
  get timers(): number {
    return this.#timers.size
  }

  defer(event: SimulatedEvent): void {
    this.#kept.push(event)
  }

  /** Something reaches this process after `ms`. */
  deliver(ms: number, run: () => void): void {
    this.#scheduler.at(this.#scheduler.now + ms, run, this, 'message')
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#setTimer(ms, resolve))
  }

  /** Its code computes for so long without giving way: what awaits this goes on before every timer and message. */
  stall(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#firstWhenResumed.push(resolve)
      this.stop(ms)
    })
  }

  /** Nothing of it runs for `ms`, as after SIGSTOP. Its clocks go on. */
  stop(ms: number): void {
    if (this.#state === 'dead') return
    this.#state = 'stopped'
    this.#stoppedUntil = Math.max(this.#stoppedUntil, this.#scheduler.now + ms)
    this.#scheduler.at(this.#stoppedUntil, () => this.#resume())
  }

  /** Like {@link stop}, but its machine sleeps: the monotonic clock stands still. */
  fallAsleep(ms: number): void {
    if (this.#state !== 'running') return
    this.#asleepSince = this.#scheduler.now
    this.stop(ms)
  }

  stepWall(ms: number): void {
    this.#wallSteps += ms
    this.#clockJumpedAt = this.#scheduler.now
  }

  kill(): void {
    this.#state = 'dead'
    this.#kept = []
    this.#timers.clear()
  }

  /** Calls when it runs again, after what it missed was handed to it. Returns what ends that. */
  onResume(listener: () => void): () => void {
    this.#onResume.add(listener)
    return () => this.#onResume.delete(listener)
  }

  #resume(): void {
    const { now } = this.#scheduler
    if (this.#state !== 'stopped' || now < this.#stoppedUntil) return
    this.#state = 'running'
    this.#resumedAt = now
    if (this.#asleepSince !== undefined) {
      this.#slept += now - this.#asleepSince
      this.#asleepSince = undefined
      this.#clockJumpedAt = now
    }
    for (const run of this.#firstWhenResumed.splice(0)) {
      this.#scheduler.putFirst({ owner: this, kind: 'other', run })
    }
    // Timers before messages, or the other way round: an event loop promises neither after a stop.
    const timersFirst = this.#random.chance(0.5)
    const kept = this.#kept.splice(0)
    for (const event of kept) if ((event.kind === 'timer') === timersFirst) this.#scheduler.putFirst(event)
    for (const event of kept) if ((event.kind === 'timer') !== timersFirst) this.#scheduler.putFirst(event)
    for (const run of this.#onResume) this.#scheduler.putFirst({ owner: this, kind: 'other', run })
  }

  #monotonicNow(): number {
    const { now } = this.#scheduler
    const asleep = this.#slept + (this.#asleepSince === undefined ? 0 : now - this.#asleepSince)
    return this.#clock.monotonicStart + (now - asleep) * this.#clock.rate
  }

  /** After what reaches it at this instant, and after all that it missed while it was stopped. */
  #afterReplies(fn: () => void): void {
    const operation = currentOperation.getStore()
    this.deliver(0, () => currentOperation.run(operation, fn))
  }

  #setTimer(ms: number, fn: () => void): Timer {
    // As Node's: whole milliseconds, at least one; a little early or late; on behalf of the code that set it.
    const delay = Math.max(1, Math.trunc(ms))
    const due = this.#monotonicNow() + delay
    const operation = currentOperation.getStore()
    const timer: Timer = { cancel: () => void this.#timers.delete(timer), keepAlive: () => {} }
    const arm = (inMs: number): void => {
      const at = this.#scheduler.now + inMs / this.#clock.rate - 0.5 + 2 * this.#random.next()
      this.#scheduler.at(at, fire, this, 'timer')
    }
    const fire = (): void => {
      if (!this.#timers.has(timer)) return
      const early = due - this.#monotonicNow()
      if (early > 1) return arm(early)
      this.#timers.delete(timer)
      currentOperation.run(operation, fn)
    }
    this.#timers.add(timer)
    if (this.#state !== 'dead') arm(delay)
    return timer
  }
}
