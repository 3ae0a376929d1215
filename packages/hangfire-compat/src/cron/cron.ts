import { checkInstant } from '../wire/dates.ts'
import { type CronFields, parseCron } from './cron-fields.ts'
import { nextLocalMatch } from './local-match.ts'
import { type OffsetAt, timeZoneOffsets } from './time-zone.ts'

/** A recurring job's times. */
export interface Cron {
  /**
   * The first instant after another one, in milliseconds since 1970; undefined when there is none (February 30). When the
   * clock jumps forward, a time that does not exist becomes the first one that does. When it jumps back, a time that comes
   * twice counts the first time only, unless the expression repeats within a day.
   */
  nextAfter(ms: number): number | undefined
}

/**
 * An expression and a zone as Hangfire's scheduler understands them.
 *
 * @throws InvalidArgumentError for either
 */
export function cron(expression: string, timeZone: string = 'UTC'): Cron {
  const fields = parseCron(expression)
  const offsetAt = timeZoneOffsets(timeZone)
  return { nextAfter: (ms) => nextAfter(fields, offsetAt, checkInstant('the date', ms)) }
}

const SECOND_MS = 1_000
/** More than any zone's clock ever jumped. */
const WINDOW_MS = 36 * 3_600_000

function nextAfter(fields: CronFields, offsetAt: OffsetAt, ms: number): number | undefined {
  let from = (Math.floor(ms / SECOND_MS) + 1) * SECOND_MS
  for (;;) {
    const offset = offsetAt(from)
    const jump = nextJump(offsetAt, from)
    const local = nextLocalMatch(fields, from + offset)
    const found = local === undefined ? Infinity : local - offset
    if (found < (jump ?? from + WINDOW_MS)) {
      if (fields.isInterval || !isRepeated(offsetAt, found)) return found
      from = found + SECOND_MS
    } else if (jump !== undefined) {
      if (local !== undefined && local < jump + offsetAt(jump)) return jump
      from = jump
    } else if (local === undefined) {
      return undefined
    } else {
      // No wall-clock time until then matches, so no jump of the clock until then matters.
      from = Math.max(from + WINDOW_MS, found - WINDOW_MS)
    }
  }
}

/** The first instant of another offset within the window, or undefined. */
function nextJump(offsetAt: OffsetAt, from: number): number | undefined {
  const offset = offsetAt(from)
  let [before, after] = [from, from + WINDOW_MS]
  if (offsetAt(after) === offset) return undefined
  while (after - before > SECOND_MS) {
    const middle = Math.floor((before + after) / 2 / SECOND_MS) * SECOND_MS
    if (offsetAt(middle) === offset) before = middle
    else after = middle
  }
  return after
}

/** Whether the wall clock showed the same before it jumped back. */
function isRepeated(offsetAt: OffsetAt, ms: number): boolean {
  const jumped = offsetAt(ms - WINDOW_MS) - offsetAt(ms)
  return jumped > 0 && offsetAt(ms - jumped) === offsetAt(ms) + jumped
}
