import { type Cache, createCache } from '@holdfast/core'
import { onTestFinished } from 'vitest'
import { PREFIX } from './cache-world.ts'
import { type ClientVersion, type Login, type Place, openStorage } from './open-storage.ts'

export type OpenCacheOptions = NonNullable<Parameters<typeof createCache>[1]>

/** A cache over a client that only it uses; both end with the test. Without jitter, so that what a test does with time is exact. */
export async function openCache(
  client: ClientVersion,
  place: Place,
  options: OpenCacheOptions = {},
  login?: Login,
): Promise<Cache> {
  const opened = await openStorage(client, place, login)
  const cache = createCache(opened.storage, { jitter: 0, prefix: PREFIX, ...options })
  onTestFinished(async () => {
    await cache.close()
    await opened[Symbol.asyncDispose]()
  })
  return cache
}
