import { InvalidArgumentError } from '../errors.ts'
import { checkBoolean, checkNumber, checkSignal, refuse } from '../support/checks.ts'
import { jsonCodec } from '../support/codec.ts'
import {
  type OptionTable,
  type Resolved,
  duration,
  integer,
  nested,
  oneOf,
  resolveOptions,
  withMethods,
  without,
} from '../support/option-table.ts'
import type { CacheCodec } from './compressed-codec.ts'
import { checkTags } from './keys.ts'
import { type NearOptions, checkNear } from './near/options.ts'

/** What a call does while the storage cannot be reached. */
interface OutageOptions {
  /**
   * `throw`: the call rejects with `StorageUnavailableError`. `miss`: a read finds nothing, and a write does nothing.
   * @default 'throw'
   */
  readonly onOutage?: 'throw' | 'miss' | undefined
}

/** How a value is read. */
export interface CacheReadOptions extends OutageOptions {
  /**
   * `false`: this call reads the storage, also where this process keeps the entry.
   * @default true
   */
  readonly near?: boolean | undefined
}

/** How a value is stored. */
export interface CacheEntryOptions extends OutageOptions {
  /**
   * How long a value is fresh, in milliseconds.
   * @default 300_000
   */
  readonly ttlMs?: number | undefined
  /**
   * By how much of itself `ttlMs` is shortened at most, at random, so that what was stored together does not end together.
   * @default 0.05
   */
  readonly jitter?: number | undefined
  /**
   * How long after `ttlMs` a value is kept: `getOrCreate` answers with it while one process loads it anew. In milliseconds;
   * 0: not at all.
   * @default 0
   */
  readonly staleMs?: number | undefined
  /** What `invalidateTags` finds it by: at most 32. Default: none. */
  readonly tags?: readonly string[] | undefined
}

/** How `getOrCreate` loads. */
export interface CacheLoadOptions extends CacheEntryOptions {
  /**
   * Whether a value is loaded anew in the background shortly before it ends: the more likely, the longer its load took and
   * the nearer its end is (XFetch). `beta`: 1 is usual, more is earlier.
   * @default false
   */
  readonly earlyRefresh?: boolean | { readonly beta: number } | undefined
  /**
   * How long a call that has an old value at hand waits for the new one before it answers with the old one; the load goes
   * on. In milliseconds. Default: a stale value is the answer at once, and one that `expire` ended is only so when the load
   * fails.
   */
  readonly softTimeoutMs?: number | undefined
  /**
   * How long a load may take: then its callers get a `LoadTimeoutError`, and its signal is aborted. In milliseconds.
   * @default 30_000
   */
  readonly hardTimeoutMs?: number | undefined
  /**
   * How long a call waits for the load of another process. Then this process loads once, for all of its callers that wait,
   * and stores nothing. In milliseconds.
   * @default 10_000
   */
  readonly waitMs?: number | undefined
  /**
   * `stale`: when the load fails, the call answers with the value that it was to replace, if there is one. Needs `staleMs`.
   * @default 'throw'
   */
  readonly onLoadError?: 'throw' | 'stale' | undefined
  /**
   * Whether each caller who shares a load gets a value that no other has. `false` is for callers that do not change it.
   * @default true
   */
  readonly copy?: boolean | undefined
}

/** The options of one `getOrCreate`. */
export interface GetOrCreateOptions extends CacheLoadOptions {
  /**
   * Loads although there is a value, and keeps that if the load fails.
   * @default false
   */
  readonly refresh?: boolean | undefined
  /**
   * `false`: this call reads the storage, also where this process keeps the entry.
   * @default true
   */
  readonly near?: boolean | undefined
  /** Ends the wait of this caller alone: it gets a `WaitAbortedError`. */
  readonly signal?: AbortSignal | undefined
}

/** What a cache or a namespace does unless a call says otherwise. */
export interface CacheNamespaceOptions extends CacheLoadOptions {
  /**
   * Whether this process keeps the entries that it reads, and Redis tells it which to drop. Needs a storage that reports
   * changes. `true`: as the options of `near` say by default.
   * @default false
   */
  readonly near?: boolean | NearOptions | undefined
  /**
   * How values become text, or bytes.
   * @default jsonCodec
   */
  readonly codec?: CacheCodec | undefined
  /**
   * Encoded values that are larger are returned and not stored.
   * @default 4_194_304
   */
  readonly maxValueBytes?: number | undefined
}

/** What is kept in this process while the storage cannot be reached. */
export interface DegradedOptions {
  /**
   * How many values.
   * @default 1_000
   */
  readonly maxEntries?: number | undefined
  /**
   * How large they are together, as they would be stored.
   * @default 33_554_432
   */
  readonly maxBytes?: number | undefined
  /**
   * How long a loaded value is kept, in milliseconds.
   * @default 5_000
   */
  readonly ttlMs?: number | undefined
}

/** The options of an instance's cache. */
export interface CacheOptions extends CacheNamespaceOptions {
  /**
   * What `getOrCreate` keeps in this process while the storage cannot be reached.
   * @default as below
   */
  readonly degraded?: DegradedOptions | undefined
  /**
   * How many removals that could not be sent are remembered; beyond that a namespace is cleared instead.
   * @default 1_000
   */
  readonly maxQueuedRemovals?: number | undefined
}

export const READ: OptionTable<CacheReadOptions> = {
  onOutage: [oneOf('throw', 'miss'), 'throw'],
  near: [checkBoolean, true],
}

export const ENTRY: OptionTable<CacheEntryOptions> = {
  ...without(READ, 'near'),
  ttlMs: [duration(1), 300_000],
  jitter: [(name, value) => checkNumber(name, value, 0, 1), 0.05],
  staleMs: [duration(0), 0],
  tags: [checkTags, []],
}

export const LOAD: OptionTable<CacheLoadOptions, 'softTimeoutMs'> = {
  ...ENTRY,
  earlyRefresh: [checkEarlyRefresh, false],
  softTimeoutMs: [duration(1), undefined],
  hardTimeoutMs: [duration(1), 30_000],
  waitMs: [duration(1), 10_000],
  onLoadError: [oneOf('throw', 'stale'), 'throw'],
  copy: [checkBoolean, true],
}

export const GET_OR_CREATE: OptionTable<GetOrCreateOptions, 'softTimeoutMs' | 'signal'> = {
  ...LOAD,
  refresh: [checkBoolean, false],
  near: [checkBoolean, true],
  signal: [checkSignal, undefined],
}

export const NAMESPACE: OptionTable<CacheNamespaceOptions, 'softTimeoutMs'> = {
  ...LOAD,
  near: [checkNear, false],
  codec: [withMethods('encode', 'decode'), jsonCodec],
  maxValueBytes: [integer(1), 4 * 1_024 * 1_024],
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const DEGRADED: OptionTable<DegradedOptions> = {
  maxEntries: [integer(1), 1_000],
  maxBytes: [integer(1), 32 * 1_024 * 1_024],
  ttlMs: [duration(1), 5_000],
}

export const CACHE: OptionTable<CacheOptions, 'softTimeoutMs'> = {
  ...NAMESPACE,
  degraded: [nested(DEGRADED), {}],
  maxQueuedRemovals: [integer(1), 1_000],
}

export type ReadPolicy = Resolved<CacheReadOptions>
export type EntryPolicy = Resolved<CacheEntryOptions>
export type LoadPolicy = Resolved<CacheLoadOptions, 'softTimeoutMs'>
export type CallPolicy = Resolved<GetOrCreateOptions, 'softTimeoutMs' | 'signal'>
export type NamespacePolicy = Resolved<CacheNamespaceOptions, 'softTimeoutMs'>

/** What no option alone can say. @throws InvalidArgumentError */
export function checkLoadPolicy<P extends LoadPolicy>(policy: P): P {
  const { softTimeoutMs, hardTimeoutMs, staleMs, onLoadError } = policy
  if (softTimeoutMs !== undefined && softTimeoutMs >= hardTimeoutMs)
    throw new InvalidArgumentError(
      `softTimeoutMs (${softTimeoutMs}) must be less than hardTimeoutMs (${hardTimeoutMs}).`,
    )
  if (onLoadError === 'stale' && staleMs === 0)
    throw new InvalidArgumentError(
      "onLoadError: 'stale' needs staleMs: how long after ttlMs a value is kept for that.",
    )
  return policy
}

const EARLY: OptionTable<{ readonly beta: number }> = {
  beta: [(name, value) => checkNumber(name, value, Number.MIN_VALUE, 1_000)],
}

function checkEarlyRefresh(
  name: string,
  value: boolean | { readonly beta: number },
): boolean | { readonly beta: number } {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return refuse(name, value, 'true, false or { beta }')
  return resolveOptions(EARLY, value, undefined, `${name}.`)
}
