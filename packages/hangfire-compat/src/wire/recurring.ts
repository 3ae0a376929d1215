import { HangfireUnsupportedError } from '../errors.ts'
import { encodeDate } from './dates.ts'
import type { Dialect } from './dialect.ts'
import { definedFields, type Fields, integerOf, nonEmpty, optional, optionalDateOf } from './fields.ts'
import { type Invocation, decodePayload, encodePayload } from './invocation.ts'

/** What happens to executions that came due while no scheduler ran. */
export type Misfire = 'once' | 'every' | 'ignore'

/** A recurring job, as `recurring-job:<id>` has it. */
export interface StoredRecurringJob {
  /** Undefined for hashes that .NET shows as removed jobs. */
  readonly invocation?: Invocation
  readonly cron?: string
  /** An IANA name, or one of Windows. */
  readonly timeZone: string
  /** What Hangfire shows. The invocation's own queue wins. */
  readonly queue: string
  readonly misfire: Misfire
  readonly createdAt?: number
  /** Undefined: the scheduler has not computed it, or has given up. */
  readonly nextExecution?: number
  readonly lastExecution?: number
  readonly lastJobId?: string
  /** Why the scheduler could not run it. */
  readonly error?: string
  readonly retryAttempt: number
}

/** A recurring job to write into a prefix that has none of its id. */
export interface NewRecurringJob {
  readonly invocation: Invocation
  readonly cron: string
  readonly timeZone: string
  /** Default: `once`. */
  readonly misfire?: Misfire
  readonly createdAt: number
  /** Default: none; .NET's scheduler then computes it, without running the job. */
  readonly nextExecution?: number
}

/** By Hangfire's numbers. */
const MISFIRES: readonly Misfire[] = ['once', 'every', 'ignore']

export function encodeRecurringJob(job: NewRecurringJob, dialect: Dialect): Record<string, string> {
  const { invocation, cron, timeZone, misfire = 'once', createdAt, nextExecution } = job
  return definedFields({
    Queue: 'default',
    Cron: cron,
    TimeZoneId: timeZone,
    Job: encodePayload(invocation, dialect.dates),
    CreatedAt: encodeDate(createdAt, dialect.dates),
    NextExecution: nextExecution === undefined ? undefined : encodeDate(nextExecution, dialect.dates),
    Misfire: misfire === 'once' ? undefined : String(MISFIRES.indexOf(misfire)),
    V: '2',
  })
}

/**
 * @throws HangfireUnsupportedError for a version or misfire that this package does not know
 * @throws HangfireUnreadableError for what breaks .NET's page of recurring jobs, too
 */
export function decodeRecurringJob(fields: Fields): StoredRecurringJob {
  const what = 'the recurring job'
  const version = integerOf(fields, 'V', what) ?? 1
  if (version > 2)
    throw new HangfireUnsupportedError(
      `The recurring job has version ${version}; this package knows 1 and 2. It was left as it is: change it with .NET.`,
    )
  const number = integerOf(fields, 'Misfire', what) ?? 0
  const misfire = MISFIRES[number]
  if (misfire === undefined)
    throw new HangfireUnsupportedError(
      `The recurring job has the misfire mode ${number}; this package knows 0 to 2. It was left as it is: change it with .NET.`,
    )
  const date = (name: string): number | undefined => optionalDateOf(fields, name, what)
  return {
    ...optional('invocation', fields.Job === undefined ? undefined : decodePayload(fields.Job)),
    ...optional('cron', fields.Cron),
    timeZone: fields.TimeZoneId ?? 'UTC',
    queue: fields.Queue ?? 'default',
    misfire,
    ...optional('createdAt', date('CreatedAt')),
    ...optional('nextExecution', date('NextExecution')),
    ...optional('lastExecution', date('LastExecution')),
    ...optional('lastJobId', nonEmpty(fields.LastJobId)),
    ...optional('error', nonEmpty(fields.Error)),
    retryAttempt: integerOf(fields, 'RetryAttempt', what) ?? 0,
  }
}
