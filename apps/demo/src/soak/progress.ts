import type { DatabaseSync } from 'node:sqlite'
import { counted } from '../counted.ts'
import { clipped } from '../terminal/text.ts'
import { count } from './judge/invariant.ts'

const EVERY_MS = 10_000

export interface Progress {
  /** What was done last: the next line names it. */
  readonly say: (text: string) => void
  readonly stop: () => void
}

/** A line every ten seconds: what was done, and what was done to it. */
export function startProgress(
  database: DatabaseSync,
  print: (line: string) => void,
  width: number,
): Progress {
  const startedAt = performance.now()
  let last = 'nothing yet'
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
    const ordered = count(database, 'soak_orders')
    const done = count(database, 'soak_orders WHERE answered_at IS NOT NULL')
    const faults = count(database, 'soak_faults')
    print(
      clipped(
        `${time.padStart(6)}  ${done} of ${ordered} jobs done, ${counted(faults, 'disturbance')}; ${last}`,
        width,
      ),
    )
  }, EVERY_MS)
  return {
    say: (text) => void (last = text),
    stop: () => clearInterval(timer),
  }
}
