/** Compiled, never run: what the calls of the cache take and give. */
import { deserialize, serialize } from 'node:v8'
import {
  type Cache,
  type CacheCodec,
  type CacheEntry,
  type CacheStats,
  type Definition,
  type DefinitionOptions,
  type EntryResult,
  type GetOrCreateOptions,
  type Load,
  type StandardSchema,
  compressedCodec,
  createCache,
  entry,
  jsonCodec,
  memoryStorage,
} from '@holdfast/core'

/** The two are the same, and not only assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(are: Same<A, B>): void

interface User {
  readonly id: string
  readonly name: string
}
declare const user: User
declare const cache: Cache

export async function reads(): Promise<void> {
  const value = await cache.get('a')
  same<typeof value, unknown>(true)
  const typed = await cache.get<User>('a')
  same<typeof typed, User | undefined>(true)
  const many = await cache.getMany<User>(['a'])
  same<typeof many, Map<string, User>>(true)
  const found = await cache.getEntry<User>('a', { onOutage: 'miss' })
  same<typeof found, CacheEntry<User> | undefined>(true)
  // @ts-expect-error A value may be missing.
  typed.name satisfies string
  // @ts-expect-error A read has no time to live.
  await cache.get('a', { ttlMs: 1 })
  // @ts-expect-error There are only two.
  await cache.exists('a', { onOutage: 'null' })
  // @ts-expect-error A key is a text.
  await cache.get(5)
  // @ts-expect-error Keys are an array.
  await cache.getMany('a')
}

export async function writes(signal: AbortSignal): Promise<void> {
  await cache.set('a', user, { ttlMs: 1, jitter: 0, staleMs: 1, tags: ['t'], onOutage: 'miss' })
  await cache.setMany({ a: 1, b: 'x' })
  await cache.setMany(new Map<string, unknown>([['a', user]]))
  same<Awaited<ReturnType<Cache['remove']>>, number>(true)
  await cache.remove(['a'] as const)
  // @ts-expect-error It is ttlMs.
  await cache.set('a', 1, { ttl: 1 })
  // @ts-expect-error Durations are numbers.
  await cache.set('a', 1, { ttlMs: '1m' })
  // @ts-expect-error Tags are an array.
  await cache.set('a', 1, { tags: 't' })
  // @ts-expect-error A set does not load.
  await cache.set('a', 1, { waitMs: 1 })
  // @ts-expect-error A set waits for no other call.
  await cache.set('a', 1, { signal })
}

export async function loads(signal: AbortSignal): Promise<void> {
  const one = await cache.getOrCreate('a', () => 1)
  same<typeof one, number>(true)
  const later = await cache.getOrCreate('a', async () => user)
  same<typeof later, User>(true)
  const decided = await cache.getOrCreate('a', async () => entry(user, { ttlMs: 1, tags: ['t'] }))
  same<typeof decided, User>(true)
  const either = await cache.getOrCreate('a', () => (signal.aborted ? entry(user) : user))
  same<typeof either, User>(true)
  const said = await cache.getOrCreate<User | undefined>('a', async ({ stale, signal: ofLoad }) => {
    ofLoad satisfies AbortSignal
    return stale?.value
  })
  same<typeof said, User | undefined>(true)
  const options: GetOrCreateOptions = {
    ttlMs: 1,
    jitter: 0.1,
    staleMs: 1,
    earlyRefresh: { beta: 2 },
    softTimeoutMs: undefined,
    hardTimeoutMs: 2,
    waitMs: 1,
    onLoadError: 'stale',
    tags: ['t'],
    copy: false,
    refresh: true,
    signal,
    onOutage: 'throw',
  }
  await cache.getOrCreate('a', () => 1, options)
  const load: Load<User> = ({ stale }) => stale?.value ?? entry(user)
  same<Awaited<ReturnType<typeof cache.getOrCreate<User>>>, User>(true)
  await cache.getOrCreate('a', load)
  // @ts-expect-error The load gives something else.
  await cache.getOrCreate<User>('a', () => 1)
  // @ts-expect-error The entry holds something else.
  await cache.getOrCreate<User>('a', () => entry(1))
  // @ts-expect-error A load is a function.
  await cache.getOrCreate('a', Promise.resolve(1))
  // @ts-expect-error It is onLoadError.
  await cache.getOrCreate('a', () => 1, { onError: 'stale' })
  // @ts-expect-error There are only two.
  await cache.getOrCreate('a', () => 1, { onLoadError: 'ignore' })
  // @ts-expect-error The signal, and not its controller.
  await cache.getOrCreate('a', () => 1, { signal: new AbortController() })
  // @ts-expect-error XFetch has one parameter.
  await cache.getOrCreate('a', () => 1, { earlyRefresh: { gamma: 1 } })
  // @ts-expect-error A codec belongs to a namespace.
  await cache.getOrCreate('a', () => 1, { codec: jsonCodec })
}

export async function loadsMany(): Promise<void> {
  const numbers = await cache.getOrCreateMany(['a'], (keys) => new Map(keys.map((key) => [key, key.length])))
  same<typeof numbers, Map<string, number>>(true)
  const users = await cache.getOrCreateMany<User>(['a'], async (keys, { signal }) => {
    signal satisfies AbortSignal
    return new Map(keys.map((key) => [key, entry({ id: key, name: key }, { ttlMs: 1 })]))
  })
  same<typeof users, Map<string, User>>(true)
  // @ts-expect-error A Map, and not an array.
  await cache.getOrCreateMany<User>(['a'], async (keys) => keys.map(() => user))
}

export function entries(): void {
  same<ReturnType<typeof entry<number>>, EntryResult<number>>(true)
  const made = entry(user, { jitter: 0 })
  made.value satisfies User
  // @ts-expect-error An outage has nothing to do with an entry.
  entry(1, { onOutage: 'miss' })
  // @ts-expect-error It is said before the load.
  entry(1, { hardTimeoutMs: 1 })
}

/** As Zod and its kin declare theirs. */
declare const schema: StandardSchema<User>

export async function definitions(): Promise<void> {
  const byId = cache.define('user', { load: async (id: string) => ({ id, name: id }), ttlMs: 1 })
  byId satisfies Definition<string, { id: string; name: string }>
  const one = await byId.get('a')
  same<typeof one, { id: string; name: string } | undefined>(true)
  await byId.set('a', user)
  // @ts-expect-error The value has no name.
  await byId.set('a', { id: 'a' })
  // @ts-expect-error An id is a text here.
  await byId.get(5)
  // @ts-expect-error It refreshes anyway.
  await byId.refresh('a', { refresh: false })

  const byKey = cache.define<{ id: number }, User>('user', {
    key: ({ id }) => `${id}`,
    loadMany: async (ids) => new Map(ids.map((id) => [id, entry(user, { tags: [`${id.id}`] })])),
  })
  const many = await byKey.getMany([{ id: 1 }])
  same<typeof many, Map<{ id: number }, User>>(true)
  await byKey.remove([{ id: 1 }])
  const found = await byKey.getEntry({ id: 1 })
  same<typeof found, CacheEntry<User> | undefined>(true)

  // What the schema makes is what the definition holds.
  const checked = cache.define('user', { schema, load: (id: number) => ({ id: `${id}`, name: '' }) })
  checked satisfies Definition<number, User>
  cache.define<string, User>('user', { schema, version: 2 })
  // @ts-expect-error The schema makes something else.
  cache.define<string, number>('user', { schema })
  // @ts-expect-error The load gives something else than the schema.
  cache.define<string, User>('user', { schema, load: () => 1 })
  // @ts-expect-error It is loadMany.
  cache.define<string, User>('user', { loadAll: () => new Map() })
  // @ts-expect-error A definition does not belong to one call.
  cache.define<string, User>('user', { signal: AbortSignal.timeout(1) })
  // @ts-expect-error A version is a text or a number.
  cache.define<string, User>('user', { version: {} })
  const options: DefinitionOptions<string, User> = { load: () => undefined, staleMs: 1, onLoadError: 'stale' }
  cache.define('user', options)
}

export async function others(): Promise<void> {
  const space = cache.namespace('n', { ttlMs: 1, codec: compressedCodec(jsonCodec), maxValueBytes: 1 })
  space satisfies Cache
  // @ts-expect-error That is for the whole instance.
  cache.namespace('n', { maxQueuedRemovals: 1 })
  createCache(memoryStorage(), { degraded: { maxEntries: 1 }, maxQueuedRemovals: 1 }) satisfies Cache

  const v8: CacheCodec = {
    name: 'v8',
    bytes: true,
    encode: serialize,
    decode: (data) => deserialize(data as Uint8Array) as unknown,
  }
  cache.namespace('n', { codec: v8 })
  // @ts-expect-error A codec reads as well.
  cache.namespace('n', { codec: { encode: String } })

  await cache.hashSet('h', 'f', user, { ttlMs: 1, ttlOn: 'always' })
  await cache.hashSet('h', { f: user, g: 1 }, { ttlOn: 'create' })
  const field = await cache.hashGet<User>('h', 'f')
  same<typeof field, User | undefined>(true)
  const fields = await cache.hashGetAll<User>('h')
  same<typeof fields, Record<string, User>>(true)
  ;(await cache.hashDelete('h', ['f'])) satisfies number
  // @ts-expect-error A hash has no tags.
  await cache.hashSet('h', 'f', 1, { tags: ['t'] })
  ;(await cache.increment('c')) satisfies number
  ;(await cache.decrement('c', 2, { ttlMs: 1 })) satisfies number
  // @ts-expect-error It counts by numbers.
  await cache.increment('c', 1n)
  // @ts-expect-error There are only two.
  await cache.increment('c', 1, { ttlOn: 'write' })

  const { removed, scanned } = await cache.removeByPattern('a*', { onProgress: (soFar) => soFar.removed })
  removed satisfies number
  scanned satisfies number
  // @ts-expect-error A pattern is a text.
  await cache.removeByPattern(/a/)
  // @ts-expect-error Tags are an array.
  await cache.invalidateTags('t')

  const near = cache.namespace('near', {
    near: { maxEntries: 10, maxBytes: 1_024, maxStaleMs: 500, ttlMs: 1 },
  })
  cache.namespace('near', { near: true, copy: false })
  near.define<number, User>('user', { near: false }).peek(1) satisfies User | undefined
  const peeked = near.peek<User>('k')
  same<typeof peeked, User | undefined>(true)
  await near.get<User>('k', { near: false })
  await near.getOrCreate('k', () => user, { near: false })
  near.stats().near?.hits satisfies number | undefined
  // @ts-expect-error A write has no copy to pass by.
  await near.set('k', user, { near: false })
  // @ts-expect-error There is no such limit.
  cache.namespace('near', { near: { max: 1 } })

  const stats = cache.stats()
  stats satisfies CacheStats
  stats.delta(stats).hits satisfies number
  // @ts-expect-error It is a snapshot.
  stats.hits = 1
}
