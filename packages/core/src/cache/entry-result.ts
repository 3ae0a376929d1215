import { InvalidArgumentError } from '../errors.ts'
import { resolveOptions, without } from '../support/option-table.ts'
import { type CacheEntryOptions, ENTRY, type EntryPolicy } from './options.ts'

const OF_ENTRY = without(ENTRY, 'onOutage')

const MARKER = Symbol.for('holdfast.cache.entry')

/** What a load returns to say how its value is stored; see {@link entry}. */
export interface EntryResult<T> {
  readonly value: T
  /** The options of the entry over those of the call. */
  over(policy: EntryPolicy): EntryPolicy
}

/**
 * For a load that decides with its value how that is stored: `return entry(user, { ttlMs: 1_000, tags: [user.team] })`.
 * Options that it leaves out are those of the call. @throws InvalidArgumentError
 */
export function entry<T>(value: T, options: Omit<CacheEntryOptions, 'onOutage'> = {}): EntryResult<T> {
  if (value === undefined)
    throw new InvalidArgumentError('entry() needs a value; a load that has none returns undefined.')
  // Refused here, where the load made it.
  resolveOptions(OF_ENTRY, options)
  const result: EntryResult<T> = { value, over: (policy) => resolveOptions(ENTRY, options, policy) }
  Object.defineProperty(result, MARKER, { value: true })
  return result
}

export function isEntryResult(made: unknown): made is EntryResult<unknown> {
  return typeof made === 'object' && made !== null && MARKER in made
}
