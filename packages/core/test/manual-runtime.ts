import type { Runtime } from '../src/support/runtime.ts'

/** Time that stands still until a test moves it. Both clocks start apart, and can be moved apart. */
export interface ManualRuntime extends Runtime {
  /** Moves the clocks on, firing timers in order; between two of them everything that was set off by them runs. */
  advance(ms: number): Promise<void>
  /** Moves the clocks without firing timers: what a blocked event loop, or a stopped process, wakes up to. */
  freeze(ms: number): void
  stepWall(ms: number): void
  /** How many timers keep the process alive. */
  readonly timers: number
}

export function manualRuntime(): ManualRuntime {
  let monotonic = 1_000
  let wall = 1_700_000_000_000
  let ids = 0
  const timers = new Set<{ at: number; fn: () => void; isAlive: boolean }>()

  const runDue = async (): Promise<void> => {
    for (;;) {
      await settle()
      const due = [...timers].filter(({ at }) => at <= monotonic).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) return
      timers.delete(due)
      due.fn()
    }
  }
  return {
    monotonicNow: () => monotonic,
    wallNow: () => wall,
    // Unique from the front, and not only in full: `id1_000…`, `id10_00…`.
    randomId: () => `id${(ids += 1)}_`.padEnd(22, '0'),
    random: () => 0.5,
    setTimer(ms, fn, options) {
      const timer = { at: monotonic + Math.max(0, ms), fn, isAlive: !options?.background }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer), keepAlive: (yes) => void (timer.isAlive = yes) }
    },
    // As a timer that is due: all that was set off before it runs first.
    afterReplies: (fn) => void timers.add({ at: monotonic, fn, isAlive: false }),
    async advance(ms) {
      await runDue()
      const end = monotonic + ms
      for (;;) {
        const next = Math.min(end, ...[...timers].map(({ at }) => Math.max(at, monotonic)))
        wall += next - monotonic
        monotonic = next
        await runDue()
        if (monotonic >= end) return
      }
    },
    freeze(ms) {
      monotonic += ms
      wall += ms
    },
    stepWall(ms) {
      wall += ms
    },
    get timers() {
      return [...timers].filter(({ isAlive }) => isAlive).length
    },
  }
}

/** Lets everything run that does not wait for time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
