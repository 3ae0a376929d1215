import { refuse } from '../support/checks.ts'
import { type Runtime, systemRuntime } from '../support/runtime.ts'

/**
 * Time that stands still until a test moves it: `createHoldfast({ storage, runtime: time })`. Each process of a test may
 * have its own time; one whose time is not moved stands still, as a frozen or dead one does for the others.
 */
export interface FakeTime extends Runtime {
  /** The clock of a storage that goes with this time: `memoryStorage({ now: time.now })`. */
  readonly now: () => number
  /**
   * Moves the clocks on by so many milliseconds, and fires the timers that are due, in order. Between two of them
   * everything runs that they have set off, but for what waits for real input and output.
   */
  advance(ms: number): Promise<void>
  /** Moves the clocks without firing timers: what a blocked event loop, or a stopped process, wakes up to. */
  freeze(ms: number): void
  /** Steps this machine's clock, and neither the monotonic one nor {@link now}. */
  stepWall(ms: number): void
  /** How many timers keep the process alive. */
  readonly timers: number
}

/**
 * A time that stands still, for tests of code that uses Holdfast. It replaces no timer of the test's own code; use the test
 * runner's fake timers for these.
 *
 * @param startMs the first moment, in milliseconds since the epoch; by default one in November 2023
 */
export function fakeTime(startMs = 1_700_000_000_000): FakeTime {
  const zero = 1_000
  let monotonic = zero
  let stepped = 0
  const timers = new Set<{ at: number; fn: () => void; isAlive: boolean }>()
  let isAdvancing = false

  const runDue = async (): Promise<void> => {
    for (;;) {
      await settle()
      const due = [...timers].filter(({ at }) => at <= monotonic).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) return
      timers.delete(due)
      due.fn()
    }
  }
  const now = (): number => startMs + monotonic - zero
  return {
    now,
    monotonicNow: () => monotonic,
    wallNow: () => now() + stepped,
    randomId: systemRuntime.randomId,
    random: () => 0.5,
    setTimer(ms, fn, options) {
      const timer = { at: monotonic + Math.max(0, ms), fn, isAlive: !options?.background }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer), keepAlive: (yes) => void (timer.isAlive = yes) }
    },
    afterReplies(fn) {
      // As a timer that is due: all that was set off before it runs first.
      const timer = { at: monotonic, fn, isAlive: false }
      timers.add(timer)
      if (!isAdvancing) nextTurn(() => timers.delete(timer) && fn())
    },
    async advance(ms) {
      checkMs(ms)
      isAdvancing = true
      try {
        await runDue()
        const end = monotonic + ms
        do {
          monotonic = Math.min(end, ...[...timers].map(({ at }) => Math.max(at, monotonic)))
          await runDue()
        } while (monotonic < end)
      } finally {
        isAdvancing = false
      }
    },
    freeze(ms) {
      checkMs(ms)
      monotonic += ms
    },
    stepWall(ms) {
      stepped += ms
    },
    get timers() {
      return [...timers].filter(({ isAlive }) => isAlive).length
    },
  }
}

function checkMs(ms: number): void {
  if (!(ms >= 0 && ms < Infinity)) refuse('ms', ms, 'a number of milliseconds, 0 or more')
}

/** Node's own, also when a test runner fakes it later. */
const nextTurn = setImmediate

/** Lets everything run that does not wait for time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => nextTurn(resolve))
}
