import { describe, expect, it } from 'vitest'
import { type World, world } from './world.ts'

/** What a newer version may store under the key of an entry, made of one that this version has stored. */
const newer: Readonly<Record<string, (entry: string) => string>> = {
  'an entry of another layout': (entry) => entry.replace('V1', 'V2'),
  'an entry with a part that is new': (entry) => entry.replace(';', ',x=1;'),
  'a placeholder of another form': () => `M${'a'.repeat(22)}.1795982912206771;`,
}

describe.each(Object.entries(newer))('%s', (_, made) => {
  /** As stored, without the instant that the storage puts in front. */
  const storeNewer = async ({ storage, cache }: World): Promise<string> => {
    await cache().set('key', 'old', { staleMs: 1_000 })
    const [entry] = await storage.values.getMany([KEY])
    const stored = made((entry ?? '').slice(13))
    await storage.values.set(KEY, stored, 60_000, Number.MAX_SAFE_INTEGER)
    return stored
  }

  it('is a miss, and no read changes it', async () => {
    const all = world()
    const stored = await storeNewer(all)
    const cache = all.cache()
    expect(await cache.get('key')).toBeUndefined()
    expect(await cache.getEntry('key')).toBeUndefined()
    expect(await cache.exists('key')).toBe(false)
    expect(cache.stats().unreadable).toBeGreaterThan(0)
    const [now] = await all.storage.values.getMany([KEY])
    expect(now?.slice(13)).toBe(stored)
  })

  it.each(['expire', 'remove'] as const)('is gone after %s, for the newer version as well', async (end) => {
    const all = world()
    const stored = await storeNewer(all)
    // A load's placeholder has nothing that could be stale.
    if (end === 'expire' && stored.startsWith('M')) return expect(await all.cache().expire('key')).toBe(false)
    expect(Number(await all.cache()[end]('key'))).toBe(1)
    expect(await all.storage.values.getMany([KEY])).toEqual([null])
  })

  it('gives way to what this version loads, which both can read', async () => {
    const all = world()
    await storeNewer(all)
    expect(await all.cache().getOrCreate('key', () => 'loaded')).toBe('loaded')
    expect(await all.cache().get('key')).toBe('loaded')
  })
})

const KEY = 'app::key'

it('a counter is no entry: to expire it changes nothing', async () => {
  const cache = world().cache()
  await cache.increment('key', 5)
  expect(await cache.expire('key')).toBe(false)
  expect(await cache.increment('key')).toBe(6)
})
