import type { Definition, DefinitionOptions } from './definition.ts'
import type { CacheEntry, Load, LoadMissing } from './load.ts'
import type { CountOptions } from './counters.ts'
import type { HashSetOptions } from './hashes.ts'
import type {
  CacheEntryOptions,
  CacheNamespaceOptions,
  CacheReadOptions,
  GetOrCreateOptions,
} from './options.ts'
import type { PatternOptions, PatternRemoved } from './remove-by-pattern.ts'
import type { CacheStats } from './stats.ts'

/**
 * A cache that all instances share. `undefined` means a miss and nothing else does; `null`, `0`, `''` and `false` are
 * values.
 *
 * Invalidation wins: once `remove`, `clear`, `invalidateTags` or `removeByPattern` has resolved, no call that begins
 * afterwards, in any process, gets a value whose load began before. So does whatever another tool does to the keys.
 *
 * Every call rejects with `InvalidArgumentError` (`INVALID_ARGUMENT`) before anything is sent when an argument is wrong, with
 * `StorageUnavailableError` within 250 ms when the storage does not answer (`onOutage` says what a call does instead), and
 * with `StorageRefusedError` when the storage answers with an error.
 */
export interface Cache {
  /** The value, or undefined when there is none. A stale one is none. */
  get<T>(key: string, options?: CacheReadOptions): Promise<T | undefined>
  /** The values that are there, by key, in the order of `keys`. */
  getMany<T>(keys: readonly string[], options?: CacheReadOptions): Promise<Map<string, T>>
  /** The value and how it stands, also a stale one; undefined when there is none. */
  getEntry<T>(key: string, options?: CacheReadOptions): Promise<CacheEntry<T> | undefined>
  /** What this process keeps, at once: the value, if it is fresh, and else undefined. Sends nothing. Needs `near`. */
  peek<T>(key: string): T | undefined
  /** Whether `get` would return a value. It reads the header only, and asks no schema. */
  exists(key: string, options?: CacheReadOptions): Promise<boolean>
  /** Stores a value; `undefined` cannot be stored. One over `maxValueBytes` is not stored, and counted. */
  set(key: string, value: unknown, options?: CacheEntryOptions): Promise<void>
  /** Stores many, all with the same options. When it rejects, some may be stored. */
  setMany(
    values: ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>>,
    options?: CacheEntryOptions,
  ): Promise<void>
  /**
   * Removes keys, whatever they hold, and returns how many were there. A load in flight does not bring them back. When it
   * rejects with `queued: true`, this process removes them before it reads the cache the next time.
   */
  remove(key: string | readonly string[]): Promise<number>
  /**
   * Makes an entry stale: `getOrCreate` loads it anew and offers it to the load, and to the caller with `onLoadError: 'stale'`.
   * An entry that was stored without `staleMs` is removed. Returns whether there was one.
   */
  expire(key: string): Promise<boolean>
  /**
   * The value, or else what `load` makes of it, stored. One load at a time for a key across all processes: the other callers
   * wait for it, each for `waitMs` at most. A removal during the load wins: its callers get the result, and it is not stored.
   * When the storage cannot be reached, or refuses, `load` answers. Errors of `load` are rethrown to those who share it.
   *
   * @throws SelfDeadlockError when the load asks for a key whose load waits for it
   * @throws LoadTimeoutError when the load takes longer than `hardTimeoutMs`
   * @throws WaitAbortedError when the caller's `signal` is aborted
   */
  getOrCreate<T>(key: string, load: Load<T>, options?: GetOrCreateOptions): Promise<T>
  /**
   * The same for many keys: `loadMissing` gets those that no process has or loads, each once, and is not called for none.
   * Of more than 500 keys it gets those of 500 at a time.
   * The map has a key for each value there is, in the order of `keys`.
   */
  getOrCreateMany<T>(
    keys: readonly string[],
    loadMissing: LoadMissing<T>,
    options?: GetOrCreateOptions,
  ): Promise<Map<string, T>>
  /** Typed access to the values of one kind, with what makes their keys and loads them in one place. */
  define<Id, T>(name: string, options: DefinitionOptions<Id, T>): Definition<Id, T>
  /**
   * A separate cache within this one, with separate defaults: its keys meet no others, and `clear` ends them all. What
   * clears this cache clears it, too.
   */
  namespace(name: string, options?: CacheNamespaceOptions): Cache
  /** Invalidates all values of this cache and of its namespaces in one step, however many there are. */
  clear(): Promise<void>
  /**
   * Invalidates all values of this cache, and of its definitions, that were stored with any of these tags; not those of its
   * namespaces, whose tags are their own.
   */
  invalidateTags(tags: readonly string[]): Promise<void>
  /**
   * Removes what is under the keys of this cache that match: values, hashes and counters, and nothing of its namespaces and
   * definitions. `*` stands
   * for any text, `?` for one character, `[a-c]` for one of these, a backslash makes the next one literal; see `escapeGlob`.
   * It looks at every key of the database, in small steps. A key that is added meanwhile may stay.
   */
  removeByPattern(glob: string, options?: PatternOptions): Promise<PatternRemoved>
  /** Sets one field, or all fields of an object, of a hash. */
  hashSet(key: string, field: string, value: unknown, options?: HashSetOptions): Promise<void>
  hashSet(key: string, fields: Readonly<Record<string, unknown>>, options?: HashSetOptions): Promise<void>
  /** The value of a field; undefined when there is none. */
  hashGet<T>(key: string, field: string): Promise<T | undefined>
  /** All fields; none when there is no such hash. */
  hashGetAll<T>(key: string): Promise<Record<string, T>>
  /** Removes fields, and returns how many were there. */
  hashDelete(key: string, fields: string | readonly string[]): Promise<number>
  /** Adds to a counter, which begins at 0, and returns the sum. Never counted twice, and never late. */
  increment(key: string, by?: number, options?: CountOptions): Promise<number>
  decrement(key: string, by?: number, options?: CountOptions): Promise<number>
  /** What this cache, with its definitions and without its namespaces, has done in this process. */
  stats(): CacheStats
}
