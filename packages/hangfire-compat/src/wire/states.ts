/** The states of a job, and the data of each: exactly what .NET's pages, watchers and workers need of it. */
import { InvalidArgumentError } from '@holdfast/core'
import { HangfireUnreadableError } from '../errors.ts'
import { type ContinueOn, continueOnOf, optionsNameOf, optionsOf } from './continuations.ts'
import { type DateDialect, encodeDate } from './dates.ts'
import type { Dialect } from './dialect.ts'
import { type ExceptionInfo, decodeException, encodeException, shortenDetails } from './exceptions.ts'
import { checkText, dateOf, definedFields, fieldOf, integerOf, optional } from './fields.ts'
import { type NextState, decodeNextState, encodeNextState } from './next-state.ts'
import type { StoredState } from './stored-state.ts'

/** Instants are milliseconds since 1970. `reason` is for people; default: none. */
export type JobState = { readonly reason?: string } & (
  | { readonly name: 'Enqueued'; readonly enqueuedAt: number; readonly queue: string }
  | { readonly name: 'Scheduled'; readonly enqueueAt: number; readonly scheduledAt: number }
  | {
      readonly name: 'Processing'
      readonly startedAt: number
      readonly serverId: string
      /** A GUID. */
      readonly workerId: string
    }
  | {
      readonly name: 'Succeeded'
      readonly succeededAt: number
      /** Whole milliseconds: how long the body ran, and how long the job waited before. */
      readonly performanceMs: number
      readonly latencyMs: number
      /** JSON. Default: no result. */
      readonly result?: string
    }
  | {
      readonly name: 'Failed'
      readonly failedAt: number
      /** A .NET type, or the name of an error. */
      readonly exceptionType: string
      readonly exceptionMessage: string
      /** The stack; at most 100 lines are written. */
      readonly exceptionDetails: string
      /** Hangfire 1.8 and up. */
      readonly serverId?: string
    }
  | {
      readonly name: 'Deleted'
      readonly deletedAt: number
      /** Hangfire 1.8 and up: what made the job give up. */
      readonly exception?: ExceptionInfo
    }
  | {
      readonly name: 'Awaiting'
      readonly parentId: string
      readonly on: ContinueOn
      readonly nextState: NextState
    }
)

/** @throws InvalidArgumentError for what would break a page of .NET's dashboard */
export function encodeState(state: JobState, dialect: Dialect): StoredState {
  const reason = state.reason === undefined ? null : state.reason.toWellFormed()
  return { name: state.name, reason, data: definedFields(dataOf(state, dialect)) }
}

/**
 * The state with its data interpreted; undefined for a name that is not Hangfire's own, which an extension of .NET may have
 * made.
 *
 * @throws HangfireUnreadableError when it lacks what its name promises
 */
export function decodeState(stored: StoredState): JobState | undefined {
  const decode = Object.hasOwn(decoders, stored.name) ? decoders[stored.name as JobState['name']] : undefined
  if (decode === undefined) return undefined
  return { ...decode(stored), ...(stored.reason === null ? {} : { reason: stored.reason }) }
}

function dataOf(state: JobState, dialect: Dialect): Record<string, string | undefined> {
  const date = (ms: number): string => encodeDate(ms, dialect.dates)
  switch (state.name) {
    case 'Enqueued':
      return { EnqueuedAt: date(state.enqueuedAt), Queue: checkText('queue', state.queue) }
    case 'Scheduled':
      return { EnqueueAt: date(state.enqueueAt), ScheduledAt: date(state.scheduledAt) }
    case 'Processing':
      return {
        StartedAt: date(state.startedAt),
        ServerId: checkText('serverId', state.serverId),
        WorkerId: checkGuid('workerId', state.workerId),
      }
    case 'Succeeded':
      return {
        SucceededAt: date(state.succeededAt),
        PerformanceDuration: wholeMs('performanceMs', state.performanceMs),
        Latency: wholeMs('latencyMs', state.latencyMs),
        Result: state.result,
      }
    case 'Failed':
      return {
        FailedAt: date(state.failedAt),
        ExceptionType: checkText('exceptionType', state.exceptionType).toWellFormed(),
        ExceptionMessage: state.exceptionMessage.toWellFormed(),
        ExceptionDetails: shortenDetails(state.exceptionDetails),
        ServerId: state.serverId,
      }
    case 'Deleted':
      return {
        DeletedAt: date(state.deletedAt),
        Exception: state.exception === undefined ? undefined : encodeException(state.exception, dialect),
      }
    case 'Awaiting':
      return {
        ParentId: checkText('parentId', state.parentId),
        NextState: encodeNextState(state.nextState, dialect.dates),
        ...encodeOptions(state.on, dialect.dates),
      }
  }
}

/** Level 110 writes words, and a time after which nothing happens. */
function encodeOptions(on: ContinueOn, dates: DateDialect): Record<string, string> {
  if (dates === 'ms') return { Options: String(optionsOf(on)) }
  return { Options: optionsNameOf(on), Expiration: '365.00:00:00' }
}

const decoders: { readonly [Name in JobState['name']]: (stored: StoredState) => JobState & { name: Name } } =
  {
    Enqueued: (stored) => ({
      name: 'Enqueued',
      enqueuedAt: date(stored, 'EnqueuedAt'),
      queue: text(stored, 'Queue'),
    }),
    Scheduled: (stored) => ({
      name: 'Scheduled',
      enqueueAt: date(stored, 'EnqueueAt'),
      scheduledAt: date(stored, 'ScheduledAt'),
    }),
    Processing: (stored) => ({
      name: 'Processing',
      startedAt: date(stored, 'StartedAt'),
      serverId: text(stored, 'ServerId'),
      workerId: text(stored, 'WorkerId'),
    }),
    Succeeded: (stored) => ({
      name: 'Succeeded',
      succeededAt: date(stored, 'SucceededAt'),
      performanceMs: integer(stored, 'PerformanceDuration'),
      latencyMs: integer(stored, 'Latency'),
      ...optional('result', stored.data.Result),
    }),
    Failed: (stored) => ({
      name: 'Failed',
      failedAt: date(stored, 'FailedAt'),
      exceptionType: text(stored, 'ExceptionType'),
      exceptionMessage: text(stored, 'ExceptionMessage'),
      exceptionDetails: stored.data.ExceptionDetails ?? '',
      ...optional('serverId', stored.data.ServerId),
    }),
    Deleted: ({ data, name }) => ({
      name: 'Deleted',
      deletedAt: dateOf(data, 'DeletedAt', name),
      ...optional('exception', data.Exception === undefined ? undefined : decodeException(data.Exception)),
    }),
    Awaiting: (stored) => {
      const options = stored.data.Options ?? '0'
      const on = continueOnOf(options)
      if (on === undefined)
        throw new HangfireUnreadableError('Options of Awaiting', options, 'flags from 0 to 3')
      return {
        name: 'Awaiting',
        parentId: text(stored, 'ParentId'),
        on,
        nextState: decodeNextState(text(stored, 'NextState')),
      }
    },
  }

function date({ data, name }: StoredState, field: string): number {
  return dateOf(data, field, name)
}

function text({ data, name }: StoredState, field: string): string {
  return fieldOf(data, field, name)
}

function integer({ data, name }: StoredState, field: string): number {
  const value = integerOf(data, field, name)
  if (value === undefined)
    throw new HangfireUnreadableError(`${field} of ${name}`, data[field], 'a whole number')
  return value
}

/** .NET's page shows the first eight characters of it, and breaks without them. */
function checkGuid(name: string, guid: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(guid)) return guid
  throw new InvalidArgumentError(
    `${name} must be a GUID, such as crypto.randomUUID() makes; got ${JSON.stringify(guid)}.`,
  )
}

function wholeMs(name: string, ms: number): string {
  if (Number.isSafeInteger(ms) && ms >= 0) return String(ms)
  throw new InvalidArgumentError(
    `${name} must be whole milliseconds from 0; got ${ms}. Round them: .NET's page breaks on a fraction.`,
  )
}
