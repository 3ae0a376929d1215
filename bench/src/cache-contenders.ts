/** The caches that `cache.ts` measures, and the raw commands that all are held against. */
import { type Cache, createHoldfast } from '@holdfast/core'
import type { Storage } from '@holdfast/core/storage'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { type CacheContender, FRESH_MS, STALE_MS, TTL_MS } from './cache-contender.ts'
import { cachePeers } from './cache-peers.ts'
import { rawCache, rawCommands } from './cache-raw.ts'

const connectNodeRedis = (url: string) =>
  createClient({ url })
    .on('error', () => {})
    .connect()

const connectIoredis = (url: string): Redis => new Redis(url).on('error', () => {})

export const cacheContenders: Readonly<Record<string, (url: string) => Promise<CacheContender>>> = {
  'raw ioredis': async (url) => rawCache(rawCommands.ioredis(connectIoredis(url))),
  'raw redis': async (url) => rawCache(rawCommands.redis(await connectNodeRedis(url))),
  'holdfast ioredis': async (url) => ours(ioredisStorage(connectIoredis(url))),
  'holdfast redis': async (url) => ours(nodeRedisStorage(await connectNodeRedis(url))),
  ...cachePeers,
}

function ours(storage: Storage): CacheContender {
  const { cache }: { readonly cache: Cache } = createHoldfast({ storage, cache: { ttlMs: TTL_MS } })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getOrCreate: (key, load) => cache.getOrCreate(key, load),
    tagged: (key, tag, load) => cache.getOrCreate(key, load, { tags: [tag] }),
    getOrRefresh: (key, load) =>
      cache.getOrCreate(key, load, { ttlMs: FRESH_MS, staleMs: STALE_MS, jitter: 0 }),
    getMany: async (keys) => (await cache.getMany(keys)).size,
    getOrCreateMany: (keys, value) =>
      cache.getOrCreateMany(keys, (missing) => new Map(missing.map((key) => [key, value]))),
    removeByPattern: (glob) => cache.removeByPattern(glob),
  }
}
