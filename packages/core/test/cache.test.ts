import { describe, expect, it } from 'vitest'
import { type Cache, createCache, memoryStorage } from '@holdfast/core'

/** A load that ends when it is told to. */
function slowLoad<T>(): { load: () => Promise<T>; started: Promise<void>; finish: (value: T) => void } {
  let finish = (_: T): void => undefined
  let start = (): void => undefined
  const loaded = new Promise<T>((resolve) => (finish = resolve))
  const started = new Promise<void>((resolve) => (start = resolve))
  const load = (): Promise<T> => {
    start()
    return loaded
  }
  return { load, started, finish }
}

function twoCaches(): [Cache, Cache] {
  const storage = memoryStorage()
  return [createCache(storage), createCache(storage)]
}

describe('the cache', () => {
  it.each([0, '', false, null, [1], { a: { b: 1 } }, new Date(0), 10n])(
    'gives value %# back',
    async (value) => {
      const [one, other] = twoCaches()
      await one.set('a', value)
      expect(await other.get('a')).toEqual(value)
      expect(await other.exists('a')).toBe(true)
      expect([await one.remove('a'), await one.remove('a')]).toEqual([1, 0])
      expect(await other.get('a')).toBeUndefined()
    },
  )

  it('loads once for all who ask at a time, in this process and in others', async () => {
    const [one, other] = twoCaches()
    const { load, started, finish } = slowLoad<number>()
    const first = one.getOrCreate('a', load)
    await started
    const others = [one, other, other].map((cache) => cache.getOrCreate('a', () => -1))
    finish(1)
    expect(await Promise.all([first, ...others])).toEqual([1, 1, 1, 1])
    expect(one.stats()).toMatchObject({ loads: 1, joined: 1, misses: 1, hits: 0 })
    expect(other.stats()).toMatchObject({ loads: 0, joined: 1 })
  })

  it.each(['here', 'elsewhere'])(
    'does not store, or share, what was loading when the key was removed %s',
    async (where) => {
      const [one, other] = twoCaches()
      const { load, started, finish } = slowLoad<string>()
      const old = one.getOrCreate('a', load)
      await started
      const remover = where === 'here' ? one : other
      await remover.remove('a')
      const fresh = remover.getOrCreate('a', () => 'fresh')
      finish('old')
      expect([await old, await fresh]).toEqual(['old', 'fresh'])
      expect(await one.get('a')).toBe('fresh')
      expect(one.stats().fillsRefused).toBe(1)
    },
  )

  it('stores nothing of a load that fails, and lets the next one try', async () => {
    const [cache] = twoCaches()
    await expect(cache.getOrCreate('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await cache.getOrCreate('a', () => 2)).toBe(2)
    expect(cache.stats()).toMatchObject({ loads: 2, loadFailures: 1 })
  })

  it('tells how often it helped', async () => {
    const [cache] = twoCaches()
    expect(cache.stats().hitRate).toBeUndefined()
    await cache.set('a', 1)
    await Promise.all([cache.get('a'), cache.get('a'), cache.get('a'), cache.get('b')])
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 1, hitRate: 0.75 })
  })

  it.each([
    ['an empty key', (cache: Cache) => cache.get('')],
    ['undefined', (cache: Cache) => cache.set('a', undefined)],
    ['a time to live of 0', (cache: Cache) => cache.set('a', 1, { ttlMs: 0 })],
    ['a time to live of NaN', (cache: Cache) => cache.getOrCreate('a', () => 1, { ttlMs: Number.NaN })],
  ])('refuses %s', async (_, call) => {
    const [cache] = twoCaches()
    await expect(call(cache)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
