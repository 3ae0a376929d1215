import assert from 'node:assert/strict'
import { type CacheEvent, createHoldfast, entry, memoryStorage } from '@holdfast/core'
import { subscribe } from 'node:diagnostics_channel'

const holdfast = createHoldfast({ storage: memoryStorage(), cache: { ttlMs: 60_000 } })
const { cache } = holdfast
const loadUser = async (id: string): Promise<{ id: string; vip: boolean }> => ({ id, vip: id === '1' })
const report = (error: unknown): void => console.log(error)

// #region cache-manager
// const cache = createCache({ stores: [new Keyv({ store: new KeyvRedis(url) })], ttl: 60_000, refreshThreshold: 10_000 })
// const { cache } = createHoldfast({ storage: ioredisStorage(redis), cache: { ttlMs: 60_000, earlyRefresh: true } })

// cache.wrap('user:1', () => loadUser('1'), 60_000)
await cache.getOrCreate('user:1', () => loadUser('1'), { ttlMs: 60_000 })

// cache.wrap('user:2', () => loadUser('2'), (user) => (user.vip ? 1_000 : 60_000))
await cache.getOrCreate('user:2', async () => {
  const user = await loadUser('2')
  return entry(user, { ttlMs: user.vip ? 1_000 : 60_000 })
})

// cache.get('user:1')
await cache.get('user:1')

// cache.mget(['user:1', 'user:2']): an array
await cache.getMany(['user:1', 'user:2']) // a Map of what is there

// cache.set('a', 1, 5_000)
await cache.set('a', 1, { ttlMs: 5_000 }) // without ttlMs: five minutes; nothing lives for ever

// cache.mset([{ key: 'a', value: 1, ttl: 5_000 }, { key: 'b', value: 2, ttl: 5_000 }])
await cache.setMany({ a: 1, b: 2 }, { ttlMs: 5_000 })

// cache.ttl('a')
const left = (await cache.getEntry('a'))?.ttlMs

// cache.del('a'); cache.mdel(['a', 'b'])
await cache.remove('a')
await cache.remove(['a', 'b']) // resolves with how many there were

// cache.clear()
await cache.clear()

// cache.on('refresh', ({ key, error }) => report(error))
subscribe('holdfast:cache', (message) => {
  const event = message as CacheEvent
  if (event.type === 'refreshFailed') report(event.error)
})
// #endregion
assert.ok(left !== undefined && left > 4_000)
assert.equal(await cache.exists('user:1'), false)

// #region bentocache
// bento.getOrSet({ key: 'user:1', factory: () => loadUser('1'), ttl: '1m', grace: '1h', tags: ['users'] })
const kept = { ttlMs: 60_000, staleMs: 3_600_000, onLoadError: 'stale', tags: ['users'] } as const
await cache.getOrCreate('user:1', () => loadUser('1'), kept)

// bento.getOrSet({ key: 'user:2', factory, grace: '1h', timeout: '200ms', hardTimeout: '5s', lockTimeout: '1s' })
const limits = { staleMs: 3_600_000, softTimeoutMs: 200, hardTimeoutMs: 5_000, waitMs: 1_000 }
await cache.getOrCreate('user:2', () => loadUser('2'), limits)

// factory: async (ctx) => { ctx.gracedEntry?.value; ctx.setOptions({ ttl: '5s' }); ctx.setTags(['vip']); return user }
await cache.getOrCreate<{ id: string }>('user:3', async ({ stale }) =>
  entry(stale?.value ?? (await loadUser('3')), { ttlMs: 5_000, tags: ['vip'] }),
)

// factory: (ctx) => ctx.skip()    and    factory: (ctx) => ctx.fail('gone')
await cache.getOrCreate('nothing', () => undefined)
await cache.getOrCreate('fails', () => Promise.reject(new Error('gone'))).catch(report)

// bento.getOrSet({ key: 'user:1', factory, forceFresh: true })
await cache.getOrCreate('user:1', () => loadUser('1'), { refresh: true })

// bento.get({ key: 'a', defaultValue: 0, suppressL2Errors: true })
const value = (await cache.get<number>('a', { onOutage: 'miss' })) ?? 0

// bento.set({ key: 'a', value: 1, ttl: '5s' })    and    bento.setForever({ key: 'b', value: 1 })
await cache.set('a', 1, { ttlMs: 5_000 })
await cache.set('b', 1, { ttlMs: 86_400_000_000 }) // 1,000 days at most

// bento.has({ key: 'a' })    and    bento.missing({ key: 'a' })
const isThere = await cache.exists('a')

// bento.pull('a')
const pulled = await cache.get<number>('a')
await cache.remove('a')

// bento.expire({ key: 'user:1' })
await cache.expire('user:1')

// bento.delete({ key: 'a' })    and    bento.deleteMany({ keys: ['a', 'b'] })
await cache.remove('a')
await cache.remove(['a', 'b'])

// bento.deleteByTag({ tags: ['users'] })
await cache.invalidateTags(['users'])

// bento.namespace('shop').clear()
await cache.namespace('shop').clear()

// bento.disconnect()
await holdfast.close() // and then end your Redis client
// #endregion
assert.deepEqual([value, isThere, pulled], [0, true, 1])
