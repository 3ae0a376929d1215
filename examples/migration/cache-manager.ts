/** From cache-manager 7: each pair does the same with both libraries, and a test compares what the two answer. */
// #region create
import { createKeyv } from '@keyv/redis'
import { type Cache, type CacheEvent, createHoldfast, entry, StorageUnavailableError } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { createCache } from 'cache-manager'
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'

interface User {
  readonly id: string
  readonly vip: boolean
}

const loadUser = async (id: string): Promise<User> => ({ id, vip: id === '1' })

/** Both over one Redis, each under its keys: without a namespace, `clear` of the old one would delete the new one's. */
export function createCaches(url: string, redis: Redis) {
  const manager = createCache({
    stores: [createKeyv(url, { namespace: 'old' })],
    ttl: 60_000,
    refreshThreshold: 10_000,
  })
  const holdfast = createHoldfast({
    storage: ioredisStorage(redis),
    prefix: 'shop',
    cache: { ttlMs: 60_000, earlyRefresh: true },
  })
  return { manager, holdfast }
}
// #endregion

type Manager = ReturnType<typeof createCaches>['manager']

export const cacheManagerPairs = (manager: Manager, cache: Cache) => ({
  // #region calls
  'cache.wrap(key, load, ttl)': {
    before: () => manager.wrap('user:1', () => loadUser('1'), 60_000),
    after: () => cache.getOrCreate('user:1', () => loadUser('1'), { ttlMs: 60_000 }),
  },

  'cache.wrap(key, load, (value) => ttl)': {
    before: () =>
      manager.wrap(
        'user:2',
        () => loadUser('2'),
        (user) => (user.vip ? 1_000 : 60_000),
      ),
    after: () =>
      cache.getOrCreate('user:2', async () => {
        const user = await loadUser('2')
        return entry(user, { ttlMs: user.vip ? 1_000 : 60_000 })
      }),
  },

  'cache.get(key)': {
    before: () => manager.get<User>('user:1'),
    after: () => cache.get<User>('user:1'),
  },

  'cache.set(key, value, ttl)': {
    before: async () => {
      await manager.set('a', 1, 60_000)
      return await manager.get('a')
    },
    after: async () => {
      await cache.set('a', 1, { ttlMs: 60_000 })
      return await cache.get('a')
    },
  },

  'cache.mset([{ key, value, ttl }])': {
    before: async () => {
      await manager.mset([
        { key: 'b', value: 2, ttl: 60_000 },
        { key: 'c', value: 3, ttl: 60_000 },
      ])
      return await manager.get('c')
    },
    after: async () => {
      await cache.setMany({ b: 2, c: 3 }, { ttlMs: 60_000 })
      return await cache.get('c')
    },
  },

  'cache.mget(keys)': {
    before: () => manager.mget<number>(['b', 'absent', 'c']), // an array with holes
    after: async () => {
      const there = await cache.getMany<number>(['b', 'absent', 'c']) // a Map of what is there
      return ['b', 'absent', 'c'].map((key) => there.get(key))
    },
  },

  'cache.ttl(key)': {
    before: async () => Number(await manager.ttl('a')) > Date.now(), // the instant of its end
    after: async () => Number((await cache.getEntry('a'))?.ttlMs) > 0, // how long it lives
  },

  'cache.del(key)': {
    before: async () => {
      await manager.del('a')
      return await manager.get('a')
    },
    after: async () => {
      await cache.remove('a') // resolves with how many there were
      return await cache.get('a')
    },
  },

  'cache.mdel(keys)': {
    before: async () => {
      await manager.mdel(['b', 'c'])
      return await manager.mget(['b', 'c'])
    },
    after: async () => {
      const removed = await cache.remove(['b', 'c'])
      return Array.from({ length: removed }, () => undefined)
    },
  },

  'cache.clear()': {
    before: async () => {
      await manager.clear()
      return await manager.get('user:1')
    },
    after: async () => {
      await cache.clear()
      return await cache.get('user:1')
    },
  },
  // #endregion
})

// #region events
export function reportFailedRefreshes(manager: Manager, report: (error: unknown) => void): void {
  manager.on('refresh', ({ error }) => {
    if (error !== undefined) report(error)
  })

  subscribe('holdfast:cache', (message) => {
    const event = message as CacheEvent
    if (event.type === 'refreshFailed') report(event.error)
  })
}
// #endregion

// #region writers
/**
 * While both caches have readers: a process that changes the user removes it from both, after the change. A removal needs no
 * order. An outage does not fail the caller, whose change is made: Holdfast sends its removal later, the old client what it queues.
 */
export async function forgetUser(manager: Manager, cache: Cache, id: string): Promise<void> {
  const key = `user:${id}`
  const removedFromOld = manager.del(key)
  const removed = cache.remove(key).catch((error: unknown) => {
    if (!(error instanceof StorageUnavailableError) || !error.queued) throw error
  })
  await Promise.all([Promise.race([removedFromOld, setTimeout(1_000, undefined, { ref: false })]), removed])
}
// #endregion
