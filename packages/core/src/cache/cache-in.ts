import type { InvalidationFeed } from '../storage/invalidations.ts'
import { checkFunction, checkName, isPlainObject, refuse } from '../support/checks.ts'
import { resolveOptions } from '../support/option-table.ts'
import type { Cache } from './cache.ts'
import { countersOf } from './counters.ts'
import type { DefinitionOptions } from './definition.ts'
import { accepted, checkDefinition, defined } from './define.ts'
import { type Engine, Namespace } from './engine.ts'
import { EntryReads } from './entry-reads.ts'
import { EntryWrites } from './entry-writes.ts'
import { GetOrCreate } from './get-or-create.ts'
import { getOrCreateMany } from './get-or-create-many.ts'
import { hashesOf } from './hashes.ts'
import { Invalidation } from './invalidation.ts'
import type { Scope } from './keys.ts'
import type { AnyLoad } from './load.ts'
import { NearCache } from './near/near-cache.ts'
import { NearReader } from './near/near-reader.ts'
import { nearOn } from './near/options.ts'
import {
  type CacheEntryOptions,
  type CacheReadOptions,
  type CallPolicy,
  ENTRY,
  type EntryPolicy,
  GET_OR_CREATE,
  type GetOrCreateOptions,
  NAMESPACE,
  type NamespacePolicy,
  READ,
  type ReadPolicy,
  checkLoadPolicy,
} from './options.ts'
import type { Accepts } from './read.ts'
import { patternRemoval } from './remove-by-pattern.ts'
import { type Counts, noCounts, statsOf } from './stats.ts'

/** Checks the arguments of each call, and has the parts of the cache do the rest. */
export function cacheIn(
  engine: Engine,
  scope: Scope,
  policy: NamespacePolicy,
  countsByPath: Map<string, Counts>,
  accepts?: Accepts,
): Cache {
  let counts = countsByPath.get(scope.namespacePath)
  if (counts === undefined) countsByPath.set(scope.namespacePath, (counts = noCounts()))
  const space = new Namespace(engine, scope, policy, counts)
  const limits = nearOn(policy.near, engine.storage)
  if (limits !== undefined) {
    const feed = engine.storage.values.invalidations as InvalidationFeed
    engine.near ??= new NearCache(engine.of, engine.runtime, feed, scope.app)
    space.near = new NearReader(space, engine.near, limits, accepts)
  }
  const { near } = space
  const reads = new EntryReads(space)
  const writes = new EntryWrites(space)
  const invalidation = new Invalidation(space)
  const defaults: CallPolicy = { ...policy, refresh: false, near: true, signal: undefined }
  const asRead: ReadPolicy = { onOutage: policy.onOutage, near: true }

  const ofCall = (options: GetOrCreateOptions | undefined): CallPolicy =>
    options === undefined ? defaults : checkLoadPolicy(resolveOptions(GET_OR_CREATE, options, defaults))
  const ofWrite = (options: CacheEntryOptions | undefined): EntryPolicy =>
    options === undefined ? policy : resolveOptions<CacheEntryOptions, never>(ENTRY, options, policy)
  const ofRead = (options: CacheReadOptions | undefined): ReadPolicy =>
    options === undefined ? asRead : resolveOptions(READ, options, asRead)

  const cache: Cache = {
    async get(key, options) {
      const how = ofRead(options)
      const kept = near !== undefined && how.near ? near.get(key) : undefined
      return (kept === undefined ? await reads.get(key, how, accepts) : kept) as never
    },
    async getMany(keys, options) {
      return (await reads.getMany(checkKeys(keys), ofRead(options), accepts)) as never
    },
    async getEntry(key, options) {
      const how = ofRead(options)
      const kept = near !== undefined && how.near ? near.getEntry(key) : undefined
      return (kept ?? (await reads.getEntry(key, how, accepts))) as never
    },
    peek(key) {
      const kept = near?.get(key)
      if (kept === undefined) checkName('key', key)
      return kept as never
    },
    async exists(key, options) {
      const how = ofRead(options)
      if (near !== undefined && how.near && near.exists(key)) return true
      return await reads.exists(key, how)
    },
    async set(key, value, options) {
      await writes.set(key, value, ofWrite(options))
    },
    async setMany(values, options) {
      await writes.setMany(pairsOf(values), ofWrite(options))
    },
    async remove(key) {
      const keys = typeof key === 'string' ? [key] : checkKeys(key, 'a key or an array of keys')
      const entryKeys = keys.map((each) => scope.entryKey(each))
      return await writes.remove(keys, entryKeys)
    },
    async expire(key) {
      return await writes.expire(key)
    },
    async getOrCreate(key, load, options) {
      checkFunction('load', load)
      const policyOfCall = ofCall(options)
      const kept = near?.getOrCreate(key, policyOfCall)
      if (kept !== undefined) return kept as never
      const call = new GetOrCreate(space, key, load as AnyLoad, policyOfCall, accepts)
      return (await call.run()) as never
    },
    async getOrCreateMany(keys, loadMissing, options) {
      checkFunction('loadMissing', loadMissing)
      const call = ofCall(options)
      return (await getOrCreateMany(space, checkKeys(keys), loadMissing, call, accepts)) as never
    },
    define<Id, T>(name: string, options: DefinitionOptions<Id, T>) {
      const { schema, version, own } = checkDefinition(
        options as unknown as DefinitionOptions<never, unknown>,
        policy,
      )
      const accept: Accepts | undefined =
        schema && Object.assign((value: unknown) => accepted(schema, value), { schema })
      const at = scope.definition(name, version)
      return defined<Id, T>(cacheIn(engine, at, own, countsByPath, accept), options)
    },
    namespace(name, options = {}) {
      const own = checkLoadPolicy(resolveOptions(NAMESPACE, options, policy))
      return cacheIn(engine, scope.namespace(name), own, countsByPath)
    },
    async clear() {
      await invalidation.clear()
    },
    async invalidateTags(tags) {
      await invalidation.tags(tags)
    },
    removeByPattern: patternRemoval(space),
    ...hashesOf(space),
    ...countersOf(space),
    stats() {
      const isOf = (path: string): boolean => scope.owns(path)
      return statsOf(space.counts, {
        breaker: engine.gate.breaker,
        queuedRemovals: engine.gate.queued,
        near: near === undefined ? undefined : engine.near?.stats(isOf),
      })
    },
  }
  return cache
}

function checkKeys(keys: readonly string[], wanted = 'an array of keys'): readonly string[] {
  if (!Array.isArray(keys)) return refuse('keys', keys, wanted)
  return keys
}

function pairsOf(values: Parameters<Cache['setMany']>[0]): readonly (readonly [string, unknown])[] {
  if (values instanceof Map) return [...(values as Map<string, unknown>)]
  return isPlainObject(values) ? Object.entries(values) : refuse('values', values, 'a Map or a plain object')
}
