import type { Runtime } from '../support/runtime.ts'

/** By how much more or less the wall clock may count than the monotonic one before it was set, or the machine slept. */
const DOUBTFUL_MS = 250

/** The monotonic clock, which counts on while the machine sleeps, as far as its wall clock tells. */
export function agingClock(runtime: Runtime): () => number {
  const wallAhead = (): number => runtime.wallNow() - runtime.monotonicNow()
  let was = wallAhead()
  let sleptMs = 0
  return () => {
    const is = wallAhead()
    if (Math.abs(is - was) > DOUBTFUL_MS) {
      sleptMs += Math.max(0, is - was)
      was = is
    }
    return runtime.monotonicNow() + sleptMs
  }
}
