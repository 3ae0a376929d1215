import { type Continuation, decodeContinuations } from '../wire/continuations.ts'
import { type Fields, dateOf, integerOf, nonEmpty, optional, optionalDateOf } from '../wire/fields.ts'
import { type Invocation, decodeInvocationFields } from '../wire/invocation.ts'
import { decodeText, queueOfJob } from '../wire/job-hash.ts'
import { parseJson, toPlain } from '../wire/json.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import {
  type HistoryEntry,
  type StoredState,
  decodeHistoryEntry,
  decodeStateHash,
} from '../wire/stored-state.ts'
import { type JobState, decodeState } from '../wire/states.ts'
import type { Reader } from './reader.ts'
import { type Found, type Unreadable, collect } from './unreadable.ts'

/** All that Redis has of a job. Instants are milliseconds since 1970, by the clock of the process that wrote them. */
export interface HangfireJobDetails {
  readonly id: string
  /** The name of its state; undefined until it has one. */
  readonly state?: string
  readonly createdAt?: number
  /** How long Redis keeps it, in ms, if it is to expire. */
  readonly expiresInMs?: number
  /** Type, method and arguments as text. */
  readonly call?: Invocation
  /** The arguments as values: objects without `$type`, whole numbers beyond 2^53 as bigint; text that is no JSON as it is. */
  readonly arguments?: readonly unknown[]
  /** The queue that it is in, was taken from, or will go to; undefined where nothing says so. */
  readonly queue?: string
  /** The current state as it is stored. */
  readonly stored?: StoredState
  /** The current state, interpreted; undefined for a name that is not Hangfire's. */
  readonly details?: JobState
  /** Newest first. */
  readonly history: readonly HistoryEntry[]
  /** When a worker took it, or last said that it still works. */
  readonly fetchedAt?: number
  readonly retryCount?: number
  /** Jobs that wait for this one. */
  readonly continuations: readonly Continuation[]
  readonly recurringJobId?: string
  /** All other fields, as they are: cultures, parameters of users, fields of other programs. */
  readonly parameters: Fields
  readonly unreadable: readonly Unreadable[]
}

/** How far from the tail of each queue a job without a known queue is looked for. */
const SEARCHED = 10_000

export async function readJob(
  reader: Reader,
  keys: HangfireKeys,
  id: string,
): Promise<HangfireJobDetails | undefined> {
  const found = collect()
  const key = keys.job(id)
  const [fields, stateFields, lines, ttl] = await Promise.all([
    reader.hash(key, found),
    reader.hash(keys.jobState(id), found),
    reader.list(keys.jobHistory(id), 0, -1, found),
    reader.integer(['PTTL', key], key, found),
  ])
  const isEmpty = [Object.keys(fields), Object.keys(stateFields), lines, found.unreadable].every(
    (each) => each.length === 0,
  )
  if (isEmpty) return undefined
  const { call, ...rest } = readFields(fields, key, found)
  const stored = found.attempt(
    keys.jobState(id),
    () => decodeStateHash(stateFields),
    JSON.stringify(stateFields),
  )
  const details =
    stored && found.attempt(keys.jobState(id), () => decodeState(stored), JSON.stringify(stateFields))
  const history = lines
    .toReversed()
    .flatMap((line) => found.attempt(keys.jobHistory(id), () => [decodeHistoryEntry(line)], line) ?? [])
  const queue =
    queueFrom(stored, history, nonEmpty(fields.Queue)) ??
    (stored?.name === 'Enqueued' ? await searchQueue(reader, keys, id, found) : undefined)
  return {
    id,
    ...optional('state', fields.State),
    ...optional('expiresInMs', ttl > 0 ? ttl : undefined),
    ...optional('call', call),
    ...optional('arguments', call?.arguments.map(valueOf)),
    ...optional('queue', queue),
    ...optional('stored', stored),
    ...optional('details', details),
    history,
    ...rest,
    unreadable: found.unreadable,
  }
}

const FORMAT = ['Type', 'Method', 'ParameterTypes', 'Arguments', 'CreatedAt', 'State', 'Fetched', 'Checked']

function readFields(
  fields: Fields,
  key: string,
  found: Found,
): Pick<
  HangfireJobDetails,
  'call' | 'createdAt' | 'fetchedAt' | 'retryCount' | 'continuations' | 'recurringJobId' | 'parameters'
> {
  const { Continuations: continuations, RecurringJobId: recurring } = fields
  const attempt = <T>(read: () => T): T | undefined => found.attempt(key, read, JSON.stringify(fields))
  const text = (name: string, stored: string | undefined): string | undefined =>
    stored === undefined ? undefined : attempt(() => decodeText(name, stored))
  return {
    ...optional(
      'call',
      attempt(() => decodeInvocationFields(fields)),
    ),
    ...optional(
      'createdAt',
      attempt(() => dateOf(fields, 'CreatedAt', 'the job')),
    ),
    ...optional(
      'fetchedAt',
      attempt(() => optionalDateOf(fields, 'Fetched', 'the job')),
    ),
    ...optional(
      'retryCount',
      attempt(() => integerOf(fields, 'RetryCount', 'the job')),
    ),
    continuations:
      (continuations === undefined ? [] : attempt(() => decodeContinuations(continuations))) ?? [],
    ...optional('recurringJobId', text('RecurringJobId', recurring)),
    parameters: Object.fromEntries(Object.entries(fields).filter(([name]) => !FORMAT.includes(name))),
  }
}

/** What is no JSON is text: .NET takes it so where the parameter is a string. */
function valueOf(text: string | null): unknown {
  if (text === null) return null
  const json = parseJson(text)
  return json === undefined ? text : toPlain(json)
}

/**
 * By the last Enqueued state, since a job in Processing says nothing of its queue. `default` without an explicit queue proves
 * nothing: storage 1.9.4 does not save the explicit queue.
 */
function queueFrom(
  stored: StoredState | undefined,
  history: readonly HistoryEntry[],
  explicit: string | undefined,
): string | undefined {
  const said = (stored?.name === 'Enqueued' ? stored : history.find(({ name }) => name === 'Enqueued'))?.data
    .Queue
  if (said === undefined) return explicit
  const queue = queueOfJob(said, explicit)
  return queue === 'default' && explicit === undefined && stored?.name === 'Enqueued' ? undefined : queue
}

/** Looks where the job really is. In none, or too deep in one: it is where its state says, in `default`. */
async function searchQueue(reader: Reader, keys: HangfireKeys, id: string, found: Found): Promise<string> {
  const names = await reader.set(keys.queues, found)
  const isIn = await Promise.all(
    names.flatMap((name) =>
      [keys.queue(name), keys.dequeued(name)].map(async (key) =>
        (await reader.isInTail(key, id, SEARCHED, found)) ? name : undefined,
      ),
    ),
  )
  return isIn.find((name) => name !== undefined) ?? 'default'
}
