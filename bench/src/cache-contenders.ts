/** The caches that `cache.ts` measures, and the raw commands that all are held against. */
import { type Cache, createHoldfast } from '@holdfast/core'
import type { Storage } from '@holdfast/core/storage'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { createClient } from 'redis'
import { type CacheContender, FRESH_MS, STALE_MS, TTL_MS } from './cache-contender.ts'
import { cachePeers } from './cache-peers.ts'
import { connectIoredis, rawCaches } from './cache-raw.ts'

export const cacheContenders: Readonly<Record<string, (url: string) => Promise<CacheContender>>> = {
  ...rawCaches,
  'holdfast ioredis': async (url) => ours(ioredisStorage(connectIoredis(url))),
  async 'holdfast redis'(url) {
    const client = createClient({ url }).on('error', () => {})
    return ours(nodeRedisStorage(await client.connect()))
  },
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
