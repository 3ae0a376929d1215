import { type Fields, integerOf, optional, optionalDateOf } from '../wire/fields.ts'
import { type Invocation, decodeInvocationFields } from '../wire/invocation.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import type { Reader } from './reader.ts'
import { type Found, type Unreadable, collect } from './unreadable.ts'

/** A job in a list. */
export interface HangfireEntry {
  readonly id: string
  /** False: the list has its id, but Redis has no such job (any more). */
  readonly exists: boolean
  /** The name of its state; undefined when it has none. */
  readonly state?: string
  /** False: the job is in another state than that of the list, such as a copy of an id that has ended. */
  readonly isInState: boolean
  /** Type, method and arguments as text. */
  readonly call?: Invocation
  readonly unreadable: readonly Unreadable[]
}

/** Reads the members of an entry that only its list has. */
export interface StateReader {
  readonly job: Fields
  readonly state: Fields
  date(name: string, from?: Fields): number | undefined
  integer(name: string): number | undefined
  attempt<T>(read: () => T): T | undefined
}

const FIELDS = ['Type', 'Method', 'ParameterTypes', 'Arguments', 'Queue', 'State', 'Fetched']

/**
 * The jobs of a list, all in one round trip.
 *
 * @param names the states that they may be in
 */
export function readEntries<Extra>(
  reader: Reader,
  keys: HangfireKeys,
  ids: readonly string[],
  names: readonly string[],
  extra: (read: StateReader) => Extra,
): Promise<readonly (HangfireEntry & Extra)[]> {
  return Promise.all(
    ids.map(async (id) => {
      const found = collect()
      const [key, stateKey] = [keys.job(id), keys.jobState(id)]
      const [job, state] = await Promise.all([
        reader.fields(key, FIELDS, found),
        reader.hash(stateKey, found),
      ])
      const exists = Object.keys(job).length > 0
      const call = exists
        ? found.attempt(key, () => decodeInvocationFields(job), JSON.stringify(job))
        : undefined
      return {
        id,
        exists,
        ...optional('state', job.State),
        isInState: job.State !== undefined && names.includes(job.State),
        ...optional('call', call),
        ...extra(stateReader(job, state, stateKey, found)),
        unreadable: found.unreadable,
      }
    }),
  )
}

function stateReader(job: Fields, state: Fields, key: string, found: Found): StateReader {
  return {
    job,
    state,
    date: (name, from = state) => found.attempt(key, () => optionalDateOf(from, name, 'the job')),
    integer: (name) => found.attempt(key, () => integerOf(state, name, 'the state')),
    attempt: (read) => found.attempt(key, read, JSON.stringify(state)),
  }
}
