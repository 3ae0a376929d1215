import type { History } from '../history.ts'
import { milliseconds, type Violation } from './violation.ts'

/** After the faults, every key that ever had an owner gets one again, or is completed, within a bound. */
export function checkLiveness(
  history: History,
  calmAt: number,
  boundMs: number,
  keys: readonly string[],
): Violation[] {
  return keys.flatMap((key) => {
    const owned = (history.ownerships.get(key) ?? []).map(({ at, validUntil }) => validUntil ?? at)
    const replayed = history.replays.filter((replay) => replay.key === key).map(({ at }) => at)
    const first = Math.min(...[...owned, ...replayed].filter((at) => at >= calmAt))
    if (first - calmAt <= boundMs * 1_000) return []
    const what =
      first === Infinity
        ? 'no worker got it after the faults had stopped'
        : `no worker got it for ${milliseconds(first - calmAt)} after the faults had stopped`
    return [{ rule: 'liveness', key, at: calmAt, what }]
  })
}
