import type { Cron } from '../cron/cron.ts'
import type { Misfire } from '../wire/recurring.ts'

/** What a recurring job has to do now. Instants are milliseconds since 1970. */
export interface Executions {
  /** When it should have run and did not: a job for each, earliest first. */
  readonly due: readonly number[]
  /** The execution after those; undefined when there is none. Not after now where more are due than are listed. */
  readonly next: number | undefined
}

/** An execution that is older was missed. .NET's measure is the interval at which its scheduler looks. */
const ON_TIME_MS = 60_000
/** In one pass for one job: what is left comes in the next pass. */
const MOST = 100

/**
 * The executions after `after` that are due at `now`, as the misfire mode has it: `once` runs one time now, however many there
 * were; `every` runs all of them; `ignore` runs those that are not missed.
 */
export function executionsDue(times: Cron, misfire: Misfire, after: number, now: number): Executions {
  if (misfire === 'once') {
    const first = times.nextAfter(after)
    return first === undefined || first > now
      ? { due: [], next: first }
      : { due: [now], next: times.nextAfter(now) }
  }
  const due: number[] = []
  let next = times.nextAfter(misfire === 'every' ? after : Math.max(after, now - ON_TIME_MS - 1))
  while (next !== undefined && next <= now && due.length < MOST) {
    due.push(next)
    next = times.nextAfter(next)
  }
  return { due, next }
}
