import {
  checkFunction,
  checkInteger,
  checkName,
  checkObject,
  checkSynchronous,
  refuse,
} from '../support/checks.ts'
import type { OptionTable } from '../support/option-table.ts'
import type { EntryResult } from './entry-result.ts'
import type { CacheEntry, LoadContext } from './load.ts'
import { type NearOptions, checkNear } from './near/options.ts'
import {
  type CacheEntryOptions,
  type CacheLoadOptions,
  type CacheReadOptions,
  type GetOrCreateOptions,
  LOAD,
} from './options.ts'

/** Values of one kind. */
export interface DefinitionOptions<Id, T> extends CacheLoadOptions {
  /** Makes the key of an id. Default: the id itself, which is a text or a number then; `1` and `'1'` are the same. */
  readonly key?: ((id: Id) => string) | undefined
  /** Makes the value of an id that the cache does not have. Default: `loadMany`; without both, `get` only reads. */
  readonly load?:
    | ((
        id: Id,
        context: LoadContext<T>,
      ) => T | EntryResult<T> | undefined | Promise<T | EntryResult<T> | undefined>)
    | undefined
  /** Makes the values of the ids that the cache does not have, each of which it gets once. */
  readonly loadMany?:
    | ((
        ids: readonly Id[],
        context: { readonly signal: AbortSignal },
      ) => ReadonlyMap<Id, T | EntryResult<T>> | Promise<ReadonlyMap<Id, T | EntryResult<T>>>)
    | undefined
  /**
   * Any Standard Schema (zod, valibot, arktype …), synchronous: a stored value that it refuses, or fails on, is a miss, and
   * what it makes of one that it accepts is the value.
   */
  readonly schema?: StandardSchema<T> | undefined
  /**
   * Whether this process keeps the entries that it reads, and Redis tells it which to drop. Default: as the cache that
   * defines it.
   */
  readonly near?: boolean | NearOptions | undefined
  /** A part of the key: with a new version, what the old one stored is not read any more. Default: none. */
  readonly version?: string | number | undefined
}

/** What of https://standardschema.dev the cache uses. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>
    readonly types?: { readonly input: unknown; readonly output: T } | undefined
  }
}

export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** The calls of a cache, for the values of one kind; see there. */
export interface Definition<Id, T> {
  /** The value, or else what `load` makes of it. Without `load` and `loadMany` it only reads. */
  get(id: Id, options?: GetOrCreateOptions): Promise<T | undefined>
  getMany(ids: readonly Id[], options?: GetOrCreateOptions): Promise<Map<Id, T>>
  /** What this process keeps, at once: the value, if it is fresh, and else undefined. Sends nothing. Needs `near`. */
  peek(id: Id): T | undefined
  getEntry(id: Id, options?: CacheReadOptions): Promise<CacheEntry<T> | undefined>
  exists(id: Id, options?: CacheReadOptions): Promise<boolean>
  set(id: Id, value: T, options?: CacheEntryOptions): Promise<void>
  remove(id: OneOrMany<Id>): Promise<number>
  expire(id: Id): Promise<boolean>
  /** Loads the value although there is one, and keeps that if the load fails. */
  refresh(id: Id, options?: Omit<GetOrCreateOptions, 'refresh'>): Promise<T | undefined>
}

/** Where an id is an array itself, one alone would look like many. */
type OneOrMany<Id> = [Id] extends [readonly unknown[]] ? readonly Id[] : Id | readonly Id[]

type Own = 'key' | 'load' | 'loadMany' | 'schema' | 'version' | 'near' | 'softTimeoutMs'

export const DEFINITION: OptionTable<DefinitionOptions<never, unknown>, Own> = {
  ...LOAD,
  key: [checkFunction, undefined],
  load: [checkFunction, undefined],
  loadMany: [checkFunction, undefined],
  schema: [checkSchema, undefined],
  near: [checkNear, undefined],
  version: [checkVersion, undefined],
}

function checkSchema(name: string, schema: StandardSchema<unknown>): StandardSchema<unknown> {
  checkSynchronous(`${name}['~standard'].validate`, checkObject(name, schema)['~standard']?.validate)
  return schema
}

function checkVersion(name: string, version: string | number): string | number {
  if (typeof version === 'number') return checkInteger(name, version, 0)
  return typeof version === 'string' ? checkName(name, version) : refuse(name, version, 'a text or a number')
}
