import type { Runtime, Timer } from '../support/runtime.ts'
import type { TimerEntry, TimerQueue } from '../support/timer-queue.ts'
import type { Flight } from './flight.ts'
import type { StorageGate } from './storage-gate.ts'
import { STORAGE_TIMEOUT_MS } from './time-limit.ts'

/** How often a process that hears of a load's end looks all the same: its push may be lost, its loader dead. */
const FIRST_LOOK_MS = 100
const LONGEST_LOOK_MS = 500
/** The same where the storage cannot push. */
const FIRST_POLL_MS = 5
const LONGEST_POLL_MS = 50

/** What this process waits for: loads of other processes, one wait for all callers of a key. */
export class Waits {
  readonly #gate: StorageGate
  readonly #deadlines: TimerQueue
  readonly #open = new Map<string, Wait>()

  /** `deadlines`: those of callers. */
  constructor(gate: StorageGate, deadlines: TimerQueue) {
    this.#gate = gate
    this.#deadlines = deadlines
  }

  /** Begins to wait, or joins who does. Call {@link Wait.leave} once. */
  enter(guardKey: string): Wait {
    let wait = this.#open.get(guardKey)
    if (wait === undefined) {
      wait = new Wait(this.#gate, this.#deadlines, guardKey, () => this.#open.delete(guardKey))
      this.#open.set(guardKey, wait)
    }
    wait.enter()
    return wait
  }

  /** Has the callers that wait look again. */
  wake(guardKey: string): void {
    this.#open.get(guardKey)?.wake()
  }
}

/** One caller, until it is worth to look again, or its time is over. */
class Waiter implements TimerEntry {
  index = -1
  readonly dueAt: number
  readonly #end: (waiter: Waiter) => void
  readonly resolve: () => void

  constructor(dueAt: number, resolve: () => void, end: (waiter: Waiter) => void) {
    this.dueAt = dueAt
    this.resolve = resolve
    this.#end = end
  }

  onDue(): void {
    this.#end(this)
  }
}

export class Wait {
  /** Resolves when the storage pushes, or when it is clear that it does not. */
  readonly ready: Promise<void>
  isReady = false
  /** How often it has been worth to look again. */
  wakes = 0
  /** The placeholder that the storage knows to be waited for. */
  registeredFor: string | undefined
  /** The load of a caller whose wait was over: it answers all who wait. */
  alone: Flight | undefined
  readonly #runtime: Runtime
  readonly #deadlines: TimerQueue
  readonly #onEmpty: () => void
  readonly #looking = new Set<Waiter>()
  #callers = 0
  #lookMs: number
  #longestMs = LONGEST_POLL_MS
  #timer: Timer | undefined
  #unsubscribe: (() => void) | undefined

  constructor(gate: StorageGate, deadlines: TimerQueue, guardKey: string, onEmpty: () => void) {
    this.#runtime = gate.runtime
    this.#deadlines = deadlines
    this.#onEmpty = onEmpty
    this.#lookMs = FIRST_POLL_MS
    // Not through the breaker: that this process cannot hear does not mean that it cannot read.
    this.ready = gate.calls
      .call(
        // Also when it comes after its deadline, or twice: each subscription is used or ended.
        async () => this.#subscribed(await gate.values.subscribe(guardKey, () => this.wake())),
        STORAGE_TIMEOUT_MS,
      )
      // Without pushes it looks more often.
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => void (this.isReady = true))
  }

  #subscribed(unsubscribe: () => void): void {
    if (this.#callers === 0 || this.#unsubscribe !== undefined) return unsubscribe()
    this.#unsubscribe = unsubscribe
    this.#lookMs = FIRST_LOOK_MS
    this.#longestMs = LONGEST_LOOK_MS
  }

  enter(): void {
    this.#callers += 1
  }

  leave(): void {
    this.#callers -= 1
    if (this.#callers > 0) return
    // An aborted caller has left its deadline behind.
    this.wake()
    this.#unsubscribe?.()
    this.#onEmpty()
  }

  /**
   * Resolves when it is worth to look again, and no later than after `ms`; at once, when it has been since a caller looked
   * who saw `wakes` before that.
   */
  next(ms: number, wakes: number): Promise<void> {
    if (wakes !== this.wakes) return Promise.resolve()
    return new Promise((resolve) => {
      const waiter = new Waiter(this.#runtime.monotonicNow() + ms, resolve, this.#end)
      this.#looking.add(waiter)
      this.#deadlines.set(waiter)
      this.#timer ??= this.#runtime.setTimer(this.#pauseMs(), () => this.wake())
    })
  }

  readonly #end = (waiter: Waiter): void => {
    this.#looking.delete(waiter)
    this.#deadlines.remove(waiter)
    waiter.resolve()
  }

  wake(): void {
    this.wakes += 1
    this.#timer?.cancel()
    this.#timer = undefined
    for (const waiter of this.#looking) this.#end(waiter)
  }

  /** Not all processes at the same moment. */
  #pauseMs(): number {
    const ms = this.#lookMs
    this.#lookMs = Math.min(this.#longestMs, ms * 2)
    return ms * (0.5 + this.#runtime.random() / 2)
  }
}
