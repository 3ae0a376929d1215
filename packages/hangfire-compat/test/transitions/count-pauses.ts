import { systemRuntime } from '@holdfast/core/storage'

/** Counts how often a change paused since something was in its way: it reads no clock and sets no other timer here. */
export function countPauses() {
  let count = 0
  const setTimer: typeof systemRuntime.setTimer = (ms, fn, options) => {
    if (ms < 500 && options === undefined) count += 1
    return systemRuntime.setTimer(ms, fn, options)
  }
  return { runtime: { ...systemRuntime, setTimer }, pauses: () => count }
}
