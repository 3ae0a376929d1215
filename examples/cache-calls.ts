import assert from 'node:assert/strict'
import { createHoldfast, entry, memoryStorage } from '@holdfast/core'

const { cache, close } = createHoldfast({ storage: memoryStorage() })

interface User {
  readonly id: string
  readonly name: string
  readonly team: string
}
const rows = new Map([
  ['1', { id: '1', name: 'Ada', team: 'blue' }],
  ['2', { id: '2', name: 'Bob', team: 'red' }],
])
const db = {
  user: async (id: string, _options?: { signal: AbortSignal }): Promise<User | undefined> => rows.get(id),
  users: async (ids: readonly string[]): Promise<Map<string, User>> =>
    new Map(ids.flatMap((id) => (rows.has(id) ? [[id, rows.get(id) as User]] : []))),
}

// #region write
await cache.set('greeting', 'hello', { ttlMs: 60_000 })
await cache.setMany({ a: 1, b: [2, 3] }) // or a Map
console.log(await cache.remove(['a', 'nothing'])) // 1: how many were there
// #endregion
assert.equal(await cache.remove(['b']), 1)

// #region read
console.log(await cache.get<string>('greeting')) // 'hello', or undefined
console.log(await cache.getMany<string>(['greeting', 'a'])) // Map { 'greeting' => 'hello' }
console.log(await cache.exists('greeting')) // true; the value stays where it is
const found = await cache.getEntry<string>('greeting') // also a stale one
if (found !== undefined) console.log(found.value, found.ageMs, found.ttlMs, found.isStale)
// #endregion
assert.deepEqual([found?.value, found?.isStale], ['hello', false])

// #region create
const user = await cache.getOrCreate<User | undefined>('user:1', async ({ signal, stale }) => {
  if (stale !== undefined) console.log('replaces what is', stale.ageMs, 'ms old')
  const row = await db.user('1', { signal })
  // What depends on the value is said with the value. undefined is not stored: the next caller asks again.
  return row && entry(row, { ttlMs: row.team === 'blue' ? 60_000 : 5_000, tags: [`team:${row.team}`] })
})
console.log(user?.name) // Ada
// #endregion
assert.equal(user?.name, 'Ada')

// #region refresh
await cache.getOrCreate('user:1', () => db.user('1'), { refresh: true }) // loads although there is a value
// #endregion

// #region create-many
const users = await cache.getOrCreateMany<User>(['1', '2', '3'], async (ids) => {
  console.log('the database is asked for', ids) // what the cache does not have, in one query
  return await db.users(ids) // a Map; what it leaves out is not stored
})
console.log([...users.keys()]) // ['1', '2']
// #endregion
assert.deepEqual([...users.keys()], ['1', '2'])

// #region define
const usersById = cache.define<string, User>('user', {
  ttlMs: 60_000,
  staleMs: 600_000,
  loadMany: (ids) => db.users(ids),
  version: 2, // with another shape comes another version: what the old one stored is not read
})
console.log((await usersById.get('1'))?.name) // typed
await usersById.getMany(['1', '2']) // loads what is missing in one query
await usersById.set('2', { id: '2', name: 'Rob', team: 'red' }) // or has it loaded: usersById.refresh('2')
await usersById.remove(['1', '2'])
// #endregion
assert.equal(await usersById.exists('1'), false)

// #region schema
const isName = (value: unknown): value is { readonly name: string } =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'

// Zod, Valibot and ArkType make such schemas. This one is written by hand, to show what the cache asks of it.
const names = cache.define<string, { readonly name: string }>('name', {
  load: async (id) => await db.user(id),
  schema: {
    '~standard': {
      version: 1,
      vendor: 'example',
      validate: (value) => (isName(value) ? { value } : { issues: [{ message: 'no name' }] }),
    },
  },
})
console.log((await names.get('1'))?.name) // a stored value that the schema refuses is a miss, and is loaded anew
// #endregion

// #region hashes
await cache.hashSet('cart:7', { apples: 2, pears: { count: 1, gift: true } }, { ttlMs: 3_600_000 })
await cache.hashSet('cart:7', 'plums', 4) // one field; the time to live goes on, as ttlOn: 'create' is the default
console.log(await cache.hashGet<number>('cart:7', 'apples')) // 2
console.log(await cache.hashGetAll('cart:7')) // { apples: 2, pears: { … }, plums: 4 }
console.log(await cache.hashDelete('cart:7', ['apples', 'figs'])) // 1
// #endregion
assert.equal(await cache.hashGet('cart:7', 'plums'), 4)

// #region counters
const visits = await cache.increment('visits:today', 1, { ttlMs: 86_400_000 }) // 1; ends a day after its first visit
await cache.decrement('visits:today', 1)
// Lives for ten minutes after the last failure, and not after the first one.
const failures = await cache.increment('failures:ada', 1, { ttlMs: 600_000, ttlOn: 'always' })
if (failures >= 5) console.log('locked out for a while')
// #endregion
assert.deepEqual([visits, failures], [1, 1])

// #region stats
const before = cache.stats()
await cache.get('greeting')
const { hits, misses, loads, hitRate } = cache.stats().delta(before) // since then
console.log(hits, misses, loads, hitRate) // 1 0 0 1
// #endregion
assert.deepEqual([hits, misses, loads, hitRate], [1, 0, 0, 1])

await close()
