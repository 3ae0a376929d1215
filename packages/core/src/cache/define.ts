import { InvalidArgumentError } from '../errors.ts'
import { checkObject, checkString, refuse } from '../support/checks.ts'
import { resolveOptions } from '../support/option-table.ts'
import type { Cache } from './cache.ts'
import {
  DEFINITION,
  type Definition,
  type DefinitionOptions,
  type SchemaResult,
  type StandardSchema,
} from './definition.ts'
import type { EntryResult } from './entry-result.ts'
import { checkMap, notAsked } from './load-together.ts'
import type { LoadContext, LoadMissing } from './load.ts'
import {
  type CacheReadOptions,
  GET_OR_CREATE,
  type GetOrCreateOptions,
  type NamespacePolicy,
  checkLoadPolicy,
} from './options.ts'

const NONE = {
  key: undefined,
  load: undefined,
  loadMany: undefined,
  schema: undefined,
  version: undefined,
} as const

/** @throws InvalidArgumentError */
export function checkDefinition(
  options: DefinitionOptions<never, unknown>,
  policy: NamespacePolicy,
): {
  readonly schema: StandardSchema<unknown> | undefined
  readonly version: string
  readonly own: NamespacePolicy
} {
  const resolved = resolveOptions(DEFINITION, options, { ...policy, ...NONE })
  const { key: _key, load: _load, loadMany: _loadMany, schema, version = '', ...own } = resolved
  return {
    schema,
    version: `${version}`,
    own: checkLoadPolicy({ ...policy, ...own, near: own.near ?? policy.near }),
  }
}

/** What of the options of a load a read has a use for. @throws InvalidArgumentError */
function ofRead(options: GetOrCreateOptions): CacheReadOptions {
  resolveOptions(GET_OR_CREATE, options)
  return { onOutage: options.onOutage, near: options.near }
}

export function defined<Id, T>(
  cache: Cache,
  { key: makeKey, load, loadMany }: Pick<DefinitionOptions<Id, T>, 'key' | 'load' | 'loadMany'>,
): Definition<Id, T> {
  const keyOf = (id: Id): string => {
    if (makeKey !== undefined) return checkString('what key() returns', makeKey(id))
    if (typeof id === 'string' || typeof id === 'number') return `${id}`
    throw new InvalidArgumentError(
      'An id that is neither a text nor a number needs a key: define(name, { key: (id) => … }).',
    )
  }
  const byKey = <V>(made: ReadonlyMap<Id, V>): Map<string, V> =>
    new Map(Array.from(checkMap(made), ([id, value]) => [keyOf(id), value]))
  const loadOne =
    (id: Id) =>
    async (context: LoadContext<T>): Promise<T | EntryResult<T> | undefined> => {
      if (load !== undefined) return await load(id, context)
      if (loadMany === undefined) return undefined
      const made = byKey(await loadMany([id], context))
      const key = keyOf(id)
      for (const each of made.keys()) if (each !== key) throw notAsked('loadMany', each)
      return made.get(key)
    }
  const keyed = (ids: readonly Id[]): readonly (readonly [string, Id])[] =>
    Array.isArray(ids)
      ? (ids as readonly Id[]).map((id) => [keyOf(id), id] as const)
      : refuse('ids', ids, 'an array of ids')
  // Ids of the same key have the same value.
  const byId = (ids: readonly (readonly [string, Id])[], found: ReadonlyMap<string, T>): Map<Id, T> =>
    new Map(ids.flatMap(([key, id]) => (found.has(key) ? [[id, found.get(key) as T] as const] : [])))
  const getOne = async (id: Id, options: GetOrCreateOptions): Promise<T | undefined> => {
    const key = keyOf(id)
    if (load !== undefined || loadMany !== undefined)
      return await cache.getOrCreate<T>(key, loadOne(id), options)
    return (await cache.getMany<T>([key], ofRead(options))).get(key)
  }
  return {
    async get(id, options = {}) {
      return await getOne(id, options)
    },
    async getMany(ids, options = {}) {
      const pairs = keyed(ids)
      const keys = new Map(pairs)
      if (load === undefined && loadMany === undefined)
        return byId(pairs, await cache.getMany([...keys.keys()], ofRead(options)))
      const loadMissing: LoadMissing<T> = async (missing, context) => {
        const wanted = missing.map((key) => keys.get(key) as Id)
        if (loadMany === undefined) {
          const made = await Promise.all(
            wanted.map(async (id) => await load?.(id, { ...context, stale: undefined })),
          )
          return new Map(missing.flatMap((key, i) => (made[i] === undefined ? [] : [[key, made[i] as T]])))
        }
        const made = byKey(await loadMany(wanted, context))
        const asked = new Set(missing)
        for (const key of made.keys()) if (!asked.has(key)) throw notAsked('loadMany', key)
        return made
      }
      return byId(pairs, await cache.getOrCreateMany([...keys.keys()], loadMissing, options))
    },
    peek(id) {
      return cache.peek<T>(keyOf(id))
    },
    async getEntry(id, options) {
      return await cache.getEntry(keyOf(id), options)
    },
    async exists(id, options) {
      return await cache.exists(keyOf(id), options)
    },
    async set(id, value, options) {
      await cache.set(keyOf(id), value, options)
    },
    async remove(id) {
      const ids = (Array.isArray(id) ? id : [id]) as readonly Id[]
      return await cache.remove(ids.map(keyOf))
    },
    async expire(id) {
      return await cache.expire(keyOf(id))
    },
    async refresh(id, options = {}) {
      if (load === undefined && loadMany === undefined)
        throw new InvalidArgumentError('refresh() needs the load, or the loadMany, of the definition.')
      return await getOne(id, { ...checkObject('The options', options), refresh: true })
    },
  }
}

/** Undefined: the value is refused. @throws InvalidArgumentError for a schema that answers with a promise */
export function accepted(
  schema: StandardSchema<unknown>,
  value: unknown,
): { readonly value: unknown } | undefined {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise || typeof (result as { then?: unknown }).then === 'function') {
    Promise.resolve(result).catch(() => undefined)
    throw new InvalidArgumentError('schema must answer at once, and answered with a promise.')
  }
  const settled = result as SchemaResult<unknown>
  return settled.issues === undefined ? { value: settled.value } : undefined
}
