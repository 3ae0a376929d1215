/**
 * The cache libraries for Redis that ours is measured beside. Those that have a memory in front of Redis do without: it
 * answers what was true before, so it would be another measurement.
 */
import { createKeyv } from '@keyv/redis'
import { createCache as createDedupe } from 'async-cache-dedupe'
import { createCache as createCacheManager } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { type CacheContender, FRESH_MS, type Load, STALE_MS, TTL_MS } from './cache-contender.ts'
import { connectIoredis } from './cache-raw.ts'

/** A peer whose types need what is not installed is taken by what is used of it. */
const load = async <T>(name: string): Promise<T> => (await import(name)) as T

interface Bento {
  get(options: { readonly key: string }): Promise<unknown>
  set(options: { readonly key: string; readonly value: unknown }): Promise<unknown>
  getOrSet(options: {
    readonly key: string
    readonly factory: Load
    readonly tags?: readonly string[]
    readonly ttl?: number
    readonly grace?: number
    readonly timeout?: number
  }): Promise<unknown>
}

export const cachePeers: Readonly<Record<string, (url: string) => Promise<CacheContender>>> = {
  async bentocache(url) {
    const { BentoCache, bentostore } = await load<{
      readonly BentoCache: new (options: object) => Bento
      readonly bentostore: () => { useL2Layer(driver: object): object }
    }>('bentocache')
    const { redisDriver } = await load<{ readonly redisDriver: (options: object) => object }>(
      'bentocache/drivers/redis',
    )
    const driver = redisDriver({ connection: connectIoredis(url) })
    const bento = new BentoCache({
      default: 'redis',
      ttl: TTL_MS,
      stores: { redis: bentostore().useL2Layer(driver) },
    })
    return {
      get: (key) => bento.get({ key }),
      set: (key, value) => bento.set({ key, value }),
      getOrCreate: (key, factory) => bento.getOrSet({ key, factory }),
      tagged: (key, tag, factory) => bento.getOrSet({ key, factory, tags: [tag] }),
      getOrRefresh: (key, factory) =>
        // timeout 0: an old value is the answer at once.
        bento.getOrSet({ key, factory, ttl: FRESH_MS, grace: STALE_MS, timeout: 0 }),
    }
  },
  async cacheable(url) {
    const cacheable = new Cacheable({ primary: createKeyv(url), ttl: TTL_MS })
    cacheable.on('error', () => {})
    return {
      get: (key) => cacheable.get(key),
      set: (key, value) => cacheable.set(key, value),
      getOrCreate: (key, load) => cacheable.getOrSet(key, async () => load()),
      getMany: async (keys) => (await cacheable.getMany([...keys])).filter((one) => one !== undefined).length,
    }
  },
  async 'cache-manager'(url) {
    const manager = createCacheManager({ stores: [createKeyv(url)], ttl: TTL_MS })
    return {
      get: (key) => manager.get(key),
      set: (key, value) => manager.set(key, value),
      getOrCreate: (key, load) => manager.wrap(key, load),
      getMany: async (keys) => (await manager.mget([...keys])).filter((one) => one !== undefined).length,
    }
  },
  async 'async-cache-dedupe'(url) {
    // It takes functions of the key, whose load is named once.
    const loads = new Map<string, Load>()
    const loadOf = async (key: string): Promise<unknown> => loads.get(key)?.()
    const cache = createDedupe({
      ttl: TTL_MS / 1_000,
      storage: { type: 'redis', options: { client: connectIoredis(url) } },
    })
      .define('lasting', loadOf)
      .define('short', { ttl: FRESH_MS / 1_000, stale: STALE_MS / 1_000 }, loadOf)
    return {
      getOrCreate(key, how) {
        loads.set(key, how)
        return cache.lasting(key)
      },
      getOrRefresh(key, how) {
        loads.set(key, how)
        return cache.short(key)
      },
    }
  },
}
