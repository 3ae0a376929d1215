import type { EntryResult } from './entry-result.ts'

/** Makes a value that the cache does not have. What it returns is stored; `undefined` is not. */
export type Load<T> = (
  context: LoadContext<T>,
) => T | EntryResult<T> | undefined | Promise<T | EntryResult<T> | undefined>

/** Makes the values of the keys that the cache does not have. A key that it leaves out is not stored. */
export type LoadMissing<T> = (
  keys: readonly string[],
  context: { readonly signal: AbortSignal },
) => ReadonlyMap<string, T | EntryResult<T>> | Promise<ReadonlyMap<string, T | EntryResult<T>>>

/** What a load is given. */
export interface LoadContext<T> {
  /** Aborted when the load takes longer than `hardTimeoutMs`, when no caller waits any more, and by `close` when none does. */
  readonly signal: AbortSignal
  /** The entry that the load replaces; undefined where there is none. */
  readonly stale: CacheEntry<T> | undefined
}

/** A stored value, and how it stands. */
export interface CacheEntry<T> {
  readonly value: T
  /** How long ago it was stored, in milliseconds. */
  readonly ageMs: number
  /** How long it is still fresh, in milliseconds; 0 when it is stale. */
  readonly ttlMs: number
  readonly isStale: boolean
}

export type AnyLoad = (context: LoadContext<unknown>) => unknown
