import { HangfireUnreadableError } from '../errors.ts'
import { type Continuation, decodeContinuations, encodeContinuations } from './continuations.ts'
import { encodeDate } from './dates.ts'
import type { Dialect } from './dialect.ts'
import { definedFields, dateOf, type Fields, integerOf, optional, optionalDateOf } from './fields.ts'
import { type Invocation, decodeInvocationFields, encodeInvocationFields } from './invocation.ts'
import { parseJson } from './json.ts'

/** What `job:<id>` says, interpreted. */
export interface StoredJob {
  readonly invocation: Invocation
  readonly createdAt: number
  /** The name of the current state; undefined until the job has one, as .NET creates it in two steps. */
  readonly stateName?: string
  /** When a worker took it from its queue, or last said that it still works. */
  readonly fetchedAt?: number
  /** When a watcher first saw it taken without a time. */
  readonly checkedAt?: number
  readonly retryCount: number
  /** Jobs that wait for this one. */
  readonly continuations: readonly Continuation[]
  readonly recurringJobId?: string
  /** Every other field, as it is: cultures, parameters of users, fields of other programs. */
  readonly parameters: Fields
}

/** A job to create. Its state is written beside it, by the same script. */
export interface NewJob {
  readonly invocation: Invocation
  readonly createdAt: number
  readonly stateName: string
  /** Default: the invariant culture. */
  readonly culture?: string
  readonly retryCount?: number
  readonly continuations?: readonly Continuation[]
  readonly recurringJobId?: string
  /** When the recurring scheduler made it. */
  readonly recurredAt?: number
}

/** The fields of a new job's hash. Both cultures are written: every version of Hangfire reads them. */
export function encodeJob(job: NewJob, dialect: Dialect): Record<string, string> {
  const { culture = '', retryCount, continuations = [], recurringJobId, recurredAt } = job
  return {
    ...encodeInvocationFields(job.invocation),
    ...definedFields({
      CreatedAt: encodeDate(job.createdAt, dialect.dates),
      State: job.stateName,
      CurrentCulture: JSON.stringify(culture),
      CurrentUICulture: JSON.stringify(culture),
      RetryCount: retryCount === undefined ? undefined : String(retryCount),
      Continuations: continuations.length === 0 ? undefined : encodeContinuations(continuations),
      RecurringJobId: recurringJobId === undefined ? undefined : JSON.stringify(recurringJobId),
      Time: recurredAt === undefined ? undefined : String(Math.floor(recurredAt / 1_000)),
    }),
  }
}

/**
 * The job that a hash describes.
 *
 * @throws HangfireUnreadableError when .NET could not load it either, or could not show its page
 */
export function decodeJob(fields: Fields): StoredJob {
  const {
    Type: _type,
    Method: _method,
    ParameterTypes: _types,
    Arguments: _arguments,
    Queue: _queue,
    CreatedAt: _createdAt,
    State: stateName,
    Fetched: _fetched,
    Checked: _checked,
    RetryCount: _retryCount,
    Continuations: continuations,
    RecurringJobId: recurringJobId,
    ...parameters
  } = fields
  return {
    invocation: decodeInvocationFields(fields),
    createdAt: dateOf(fields, 'CreatedAt', 'the job'),
    ...optional('stateName', stateName),
    ...optional('fetchedAt', optionalDateOf(fields, 'Fetched', 'the job')),
    ...optional('checkedAt', optionalDateOf(fields, 'Checked', 'the job')),
    retryCount: integerOf(fields, 'RetryCount', 'the job') ?? 0,
    continuations: continuations === undefined ? [] : decodeContinuations(continuations),
    ...optional(
      'recurringJobId',
      recurringJobId === undefined ? undefined : decodeText('RecurringJobId', recurringJobId),
    ),
    parameters,
  }
}

/** The queue that a job is really in: an explicit one wins over a state that says `default`. */
export function queueOfJob(stateQueue: string, explicit: string | undefined): string {
  return stateQueue === 'default' && explicit !== undefined ? explicit : stateQueue
}

/** A parameter that is a JSON string, such as a culture. @throws HangfireUnreadableError */
export function decodeText(name: string, text: string): string {
  const value = parseJson(text)
  if (typeof value === 'string') return value
  throw new HangfireUnreadableError(`${name} of the job`, text, 'a JSON string')
}
