/** Moving caches over: each pair answers the same, on the same Redis, and neither cache sees the other's keys. */
import { once } from 'node:events'
import type { Cache } from '@holdfast/core'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import * as bentocache from '../../migration/bentocache.ts'
import * as cacheManager from '../../migration/cache-manager.ts'
import { firstColumnOf } from './first-column.ts'

const url = process.env['REDIS_URL'] ?? ''
const redis = new Redis(url)
await once(redis, 'ready')

const manager = cacheManager.createCaches(url, redis)
const bento = bentocache.createCaches(redis)

afterAll(async () => {
  await manager.manager.disconnect()
  await manager.holdfast.close()
  await bento.holdfast.close()
  redis.disconnect()
})

interface Moved {
  readonly cache: Cache
  readonly pairs: Readonly<Record<string, { before(): unknown; after(): unknown }>>
  forgetUser(id: string): Promise<void>
  oldUser(): Promise<unknown>
}

const LIBRARIES: Readonly<Record<string, Moved>> = {
  'cache-manager': {
    cache: manager.holdfast.cache,
    pairs: cacheManager.cacheManagerPairs(manager.manager, manager.holdfast.cache),
    forgetUser: (id) => cacheManager.forgetUser(manager.manager, manager.holdfast.cache, id),
    oldUser: async () => {
      await manager.manager.set('user:9', 'old')
      return () => manager.manager.get('user:9')
    },
  },
  bentocache: {
    cache: bento.holdfast.cache,
    pairs: bentocache.bentocachePairs(bento.bento, bento.holdfast.cache),
    forgetUser: (id) => bentocache.forgetUser(bento.bento, bento.holdfast.cache, id),
    oldUser: async () => {
      await bento.bento.set({ key: 'user:9', value: 'old' })
      return () => bento.bento.get({ key: 'user:9' })
    },
  },
}

describe.each(Object.entries(LIBRARIES))('from %s', (library, { cache, pairs, forgetUser, oldUser }) => {
  it.each(Object.entries(pairs))('%s', async (_, { before, after }) => {
    expect(await after()).toEqual(await before())
  })

  it('every call of the table is a pair', () => {
    expect(firstColumnOf(`docs/migration/${library}.md`)).toEqual(Object.keys(pairs))
  })

  it('the new cache starts cold beside a warm one, and a writer removes from both', async () => {
    const readOld = (await oldUser()) as () => Promise<unknown>
    expect(await cache.getOrCreate('user:9', () => 'loaded')).toBe('loaded')
    expect(await readOld()).toBe('old')
    await forgetUser('9')
    expect(await readOld()).toBeUndefined()
    expect(await cache.exists('user:9')).toBe(false)
  })
})

it('a load of a class instance: plain data in cache-manager, a TypeError here, and a Date stays a Date', async () => {
  class Entity {
    readonly id = '1'
    readonly at = new Date(0)
  }
  const { cache } = manager.holdfast
  const load = async (): Promise<Entity> => new Entity()
  await manager.manager.wrap('entity', load)
  expect(await manager.manager.wrap('entity', load)).toEqual({ id: '1', at: new Date(0).toISOString() })
  await expect(cache.getOrCreate('entity', load)).rejects.toThrow(TypeError)
  await cache.getOrCreate('plain', async () => {
    const { id, at } = await load()
    return { id, at }
  })
  expect(await cache.get('plain')).toEqual({ id: '1', at: new Date(0) })
})

describe('without Redis', () => {
  const dead = new Redis({ port: 1, retryStrategy: () => 600_000 }).on('error', () => {})
  const managed = cacheManager.createCaches('redis://127.0.0.1:1', dead)
  const bentoed = bentocache.createCaches(dead)

  afterAll(async () => {
    await Promise.all([managed.holdfast.close(), bentoed.holdfast.close()])
    dead.disconnect()
  })

  it('get, set and remove reject, get misses on demand, and a load answers', async () => {
    const { cache } = managed.holdfast
    for (const call of [() => cache.get('a'), () => cache.set('a', 1), () => cache.remove('a')])
      await expect(call()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(await cache.get('a', { onOutage: 'miss' })).toBeUndefined()
    expect(await cache.getOrCreate('a', () => 'loaded')).toBe('loaded')
  })

  it('a writer goes on, and removes later', async () => {
    await cacheManager.forgetUser(managed.manager, managed.holdfast.cache, '9')
    await bentocache.forgetUser(bentoed.bento, bentoed.holdfast.cache, '9')
    expect(managed.holdfast.cache.stats().queuedRemovals).toBe(2) // with the one above
    expect(bentoed.holdfast.cache.stats().queuedRemovals).toBe(1)
  })
})

it('clear of cache-manager leaves what is not in its namespace', async () => {
  await manager.holdfast.locks.run('stock', async (lease) => {
    await manager.manager.clear()
    await lease.extend(1_000)
  })
})

it('a failed refresh is reported by either', async () => {
  const errors: unknown[] = []
  cacheManager.reportFailedRefreshes(manager.manager, (error) => errors.push(error))
  const { cache } = manager.holdfast
  await cache.set('refreshed', 1, { ttlMs: 1, staleMs: 600_000 })
  await expect
    .poll(async () => {
      await cache.getOrCreate('refreshed', () => Promise.reject(new Error('the source is down')), {
        staleMs: 600_000,
      })
      return errors.map((error) => (error as Error).message)
    })
    .toContain('the source is down')
  await manager.manager.set('refreshed', 1, 5_000) // less than its threshold: the next wrap refreshes it
  await expect
    .poll(async () => {
      await manager.manager.wrap('refreshed', () => Promise.reject(new Error('still down')), 5_000)
      return errors.map((error) => (error as Error).message)
    })
    .toContain('still down')
})
