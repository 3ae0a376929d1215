import type { Cron } from '../cron/cron.ts'
import { ianaZone } from '../cron/time-zone.ts'
import { HangfireUnsupportedError } from '../errors.ts'
import type { Dialect } from '../wire/dialect.ts'
import { type Fields, nonEmpty, optional } from '../wire/fields.ts'
import type { Invocation } from '../wire/invocation.ts'
import {
  type Misfire,
  type StoredRecurringJob,
  decodeRecurringJob,
  encodeRecurringJob,
} from '../wire/recurring.ts'
import { scoreOf } from '../wire/schedule.ts'
import { typeKey } from '../wire/type-name.ts'
import { type NextExecution, nextExecution } from './next-execution.ts'

/** What a recurring job shall be. */
export interface RecurringSchedule {
  readonly invocation: Invocation
  readonly cron: string
  readonly timeZone: string
  /** The two above, understood. */
  readonly times: Cron
  readonly misfire: Misfire
}

export interface RecurringChange {
  readonly id: string
  /** The hash as it is; empty when there is none. */
  readonly before: Fields
  readonly schedule: RecurringSchedule
  readonly mode: 'shared' | 'own'
  readonly dialect: Dialect
  readonly now: number
}

/** What to write of a recurring job, and whether its score is set, or only given to one that has none. */
export interface RecurringUpdate extends NextExecution {
  readonly how: 'move' | 'keep'
}

/**
 * What is to be written so that a recurring job is as its schedule says. In a shared prefix a new one has no next execution and is
 * due at once: .NET's scheduler then computes it, and does not run the job, since it was created just now. A changed expression
 * has its next execution from here: left to .NET, it would run at once.
 *
 * @throws HangfireUnsupportedError for a job that is not Node's to change
 */
export function recurringUpdate(change: RecurringChange): RecurringUpdate {
  const { before, schedule, mode, dialect, now } = change
  const { times, ...written } = schedule
  const fields = encodeRecurringJob(
    { ...written, timeZone: ianaZone(schedule.timeZone), createdAt: now },
    dialect,
  )
  if (Object.keys(before).length === 0) {
    if (mode === 'shared') return { fields, score: scoreOf(now), how: 'move' }
    // As in .NET, the second that has just begun counts.
    const next = nextExecution(times.nextAfter(now - 1_000), before, dialect.dates)
    return { fields: { ...fields, ...next.fields }, score: next.score, how: 'move' }
  }
  const stored = decodeRecurringJob(before)
  if (mode === 'shared') checkSameType(change, stored)
  const { Cron, Job, Misfire: misfire, TimeZoneId, V, CreatedAt } = fields
  const isSameZone = ianaZone(stored.timeZone) === TimeZoneId
  const changed = {
    Job,
    Cron,
    ...(isSameZone ? {} : { TimeZoneId }),
    ...optional('Misfire', misfire ?? (before.Misfire === undefined ? undefined : '0')),
    ...(before.V === undefined ? { V } : {}),
    ...(before.CreatedAt === undefined ? { CreatedAt } : {}),
  } as Fields
  const isStopped = before.NextExecution === '' || nonEmpty(before.Error) !== undefined
  if (isSameZone && before.Cron === Cron && !isStopped)
    return { fields: changed, score: scoreOf(stored.nextExecution ?? now), how: 'keep' }
  const next = nextExecution(times.nextAfter(now), before, dialect.dates)
  return { fields: { ...changed, ...next.fields }, score: next.score, how: 'move' }
}

/** An id that .NET uses for something else is taken by mistake; it is left as it is. */
function checkSameType({ id, schedule }: RecurringChange, { invocation }: StoredRecurringJob): void {
  if (invocation === undefined || typeKey(invocation.type) === typeKey(schedule.invocation.type)) return
  throw new HangfireUnsupportedError(
    `The recurring job ${JSON.stringify(id)} calls ${invocation.type}, not ${schedule.invocation.type}. It was left as it is: remove it first if this is to replace it.`,
  )
}
