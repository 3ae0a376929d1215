import type { History } from '../history.ts'
import { milliseconds, type Violation } from './violation.ts'

/** When the faults stop, every key that was ever owned can be owned again, or is known to be done, within a bound. */
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
        ? 'nobody got it after the faults had stopped'
        : `nobody got it for ${milliseconds(first - calmAt)} after the faults had stopped`
    return [{ rule: 'liveness', key, at: calmAt, what }]
  })
}
