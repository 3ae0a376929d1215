/** From bentocache 1: each pair does the same with both libraries, and a test compares what the two answer. */
// #region create
import { type Cache, createHoldfast, entry, StorageUnavailableError } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { BentoCache, bentostore } from 'bentocache'
import { redisDriver } from 'bentocache/drivers/redis'
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'

interface User {
  readonly id: string
  readonly vip: boolean
}

const loadUser = async (id: string): Promise<User> => ({ id, vip: id === '1' })

/** Both over one Redis. Bentocache's keys begin with its `prefix`, Holdfast's with `holdfast:v:shop:`. */
export function createCaches(redis: Redis) {
  const store = bentostore().useL2Layer(redisDriver({ connection: redis, prefix: 'bento' }))
  const bento = new BentoCache({ default: 'redis', ttl: '1m', grace: '1h', stores: { redis: store } })
  const holdfast = createHoldfast({
    storage: ioredisStorage(redis),
    prefix: 'shop',
    cache: { ttlMs: 60_000, staleMs: 3_600_000 },
  })
  return { bento, holdfast }
}
// #endregion

type Bento = ReturnType<typeof createCaches>['bento']

export const bentocachePairs = (bento: Bento, cache: Cache) => ({
  // #region calls
  'bento.getOrSet({ key, factory, ttl, grace, tags })': {
    before: () =>
      bento.getOrSet({
        key: 'user:1',
        factory: () => loadUser('1'),
        ttl: '1m',
        grace: '1h',
        tags: ['users'],
      }),
    after: () =>
      cache.getOrCreate('user:1', () => loadUser('1'), {
        ttlMs: 60_000,
        staleMs: 3_600_000,
        onLoadError: 'stale',
        tags: ['users'],
      }),
  },

  'bento.getOrSet({ key, factory, timeout, hardTimeout, lockTimeout })': {
    before: () =>
      bento.getOrSet({
        key: 'user:2',
        factory: () => loadUser('2'),
        timeout: '200ms',
        hardTimeout: '5s',
        lockTimeout: '1s',
      }),
    after: () =>
      cache.getOrCreate('user:2', () => loadUser('2'), {
        softTimeoutMs: 200,
        hardTimeoutMs: 5_000,
        waitMs: 1_000,
      }),
  },

  'bento.getOrSet({ key, factory: (ctx) => … })': {
    before: () =>
      bento.getOrSet({
        key: 'user:3',
        factory: async (ctx) => {
          ctx.setOptions({ ttl: '5s' })
          ctx.setTags(['vip'])
          return ctx.gracedEntry?.value ?? (await loadUser('3'))
        },
      }),
    after: () =>
      cache.getOrCreate<User>('user:3', async ({ stale }) =>
        entry(stale?.value ?? (await loadUser('3')), { ttlMs: 5_000, tags: ['vip'] }),
      ),
  },

  'ctx.skip()': {
    before: () => bento.getOrSet({ key: 'nothing', factory: (ctx) => ctx.skip() }),
    after: () => cache.getOrCreate('nothing', () => undefined),
  },

  'ctx.fail(message)': {
    before: () => bento.getOrSet({ key: 'fails', factory: (ctx) => ctx.fail('gone') }).catch(() => 'failed'),
    after: () => cache.getOrCreate('fails', () => Promise.reject(new Error('gone'))).catch(() => 'failed'),
  },

  'bento.getOrSet({ key, factory, forceFresh: true })': {
    before: () => bento.getOrSet({ key: 'user:1', factory: async () => 'anew', forceFresh: true }),
    after: () => cache.getOrCreate('user:1', async () => 'anew', { refresh: true }),
  },

  'bento.get({ key, defaultValue, suppressL2Errors: true })': {
    before: () => bento.get<number>({ key: 'absent', defaultValue: 0, suppressL2Errors: true }),
    after: async () => (await cache.get<number>('absent', { onOutage: 'miss' })) ?? 0,
  },

  'bento.set({ key, value, ttl })': {
    before: async () => {
      await bento.set({ key: 'a', value: 1, ttl: '1m', tags: ['numbers'] })
      return await bento.get({ key: 'a' })
    },
    after: async () => {
      await cache.set('a', 1, { ttlMs: 60_000, tags: ['numbers'] })
      return await cache.get('a')
    },
  },

  'bento.setForever({ key, value })': {
    before: async () => {
      await bento.setForever({ key: 'b', value: 2 })
      return await bento.get({ key: 'b' })
    },
    after: async () => {
      await cache.set('b', 2, { ttlMs: 86_400_000_000 }) // 1,000 days at most
      return await cache.get('b')
    },
  },

  'bento.has({ key }), bento.missing({ key })': {
    before: async () => [await bento.has({ key: 'a' }), await bento.missing({ key: 'a' })],
    after: async () => {
      const exists = await cache.exists('a')
      return [exists, !exists]
    },
  },

  'bento.deleteByTag({ tags })': {
    before: async () => {
      await bento.deleteByTag({ tags: ['numbers'] })
      return (await bento.get({ key: 'a', grace: false })) ?? 'gone' // with grace, get still has the value
    },
    after: async () => {
      await cache.invalidateTags(['numbers'])
      return (await cache.get('a')) ?? 'gone'
    },
  },

  'bento.pull(key)': {
    before: async () => [await bento.pull('b'), await bento.has({ key: 'b' })],
    after: async () => {
      const pulled = await cache.get('b') // two steps: two callers may both get it
      await cache.remove('b')
      return [pulled, await cache.exists('b')]
    },
  },

  'bento.expire({ key })': {
    before: async () => {
      await bento.expire({ key: 'user:2' })
      return await bento.has({ key: 'user:2' })
    },
    after: async () => {
      await cache.expire('user:2')
      return await cache.exists('user:2')
    },
  },

  'bento.delete({ key }), bento.deleteMany({ keys })': {
    before: async () => {
      await bento.delete({ key: 'user:2' })
      await bento.deleteMany({ keys: ['user:1', 'user:3'] })
      return await bento.has({ key: 'user:3' })
    },
    after: async () => {
      await cache.remove('user:2')
      await cache.remove(['user:1', 'user:3'])
      return await cache.exists('user:3')
    },
  },

  'bento.namespace(name).clear()': {
    before: async () => {
      await bento.namespace('shop').set({ key: 'c', value: 3 })
      await bento.namespace('shop').clear()
      return await bento.namespace('shop').has({ key: 'c' })
    },
    after: async () => {
      await cache.namespace('shop').set('c', 3)
      await cache.namespace('shop').clear()
      return await cache.namespace('shop').exists('c')
    },
  },
  // #endregion
})

// #region writers
/**
 * While both caches have readers: a process that changes the user removes it from both, after the change. A removal needs no
 * order. An outage does not fail the caller, whose change is made: Holdfast sends its removal later, the old client what it queues.
 */
export async function forgetUser(bento: Bento, cache: Cache, id: string): Promise<void> {
  const key = `user:${id}`
  const removedFromOld = bento.delete({ key })
  const removed = cache.remove(key).catch((error: unknown) => {
    if (!(error instanceof StorageUnavailableError) || !error.queued) throw error
  })
  await Promise.all([Promise.race([removedFromOld, setTimeout(1_000, undefined, { ref: false })]), removed])
}
// #endregion
