import { describe, expect, it } from 'vitest'
import { createCache } from '@holdfast/core'
import { counted, slowLoad, world } from './world.ts'

describe('what many callers send', () => {
  it('is one reservation when they wait for the load of another process', async () => {
    const { runtime, cache, storage } = world()
    const { load, started, finish } = slowLoad<string>()
    const first = cache().getOrCreate('a', load)
    await started
    const { storage: other, sent } = counted(storage)
    const waits = createCache(other, { runtime })
    const calls = Array.from({ length: 200 }, () => waits.getOrCreate('a', () => 'own'))
    await runtime.advance(50)
    finish('first')
    await first
    await runtime.advance(1_000)
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['first']))
    expect(sent.filter((name) => name === 'reserve')).toEqual(['reserve'])
    expect(sent.length).toBeLessThan(10)
  })
})

describe('tags that the call names', () => {
  it('are read with the entry', async () => {
    const { runtime, storage } = world()
    const { storage: same, sent } = counted(storage)
    const cache = createCache(same, { runtime })
    const ask = (): Promise<unknown> => cache.getOrCreate('a', () => 1, { tags: ['t', 'u'] })
    // The first entry makes the generations.
    await cache.getOrCreate('b', () => 1, { tags: ['t', 'u'] })
    sent.length = 0
    await ask()
    expect(sent).toEqual(['getMany', 'reserve', 'replace'])
    sent.length = 0
    await ask()
    expect(sent).toEqual(['getMany'])
    await cache.invalidateTags(['u'])
    expect(await cache.getOrCreate('a', () => 2, { tags: ['t', 'u'] })).toBe(2)
  })
})

describe('tags that only the entry names', () => {
  /** Two processes, and what one of them sends. */
  function watched() {
    const { runtime, storage, cache: process } = world()
    const { storage: same, sent } = counted(storage)
    const cache = createCache(same, { runtime })
    const sentBy = async (call: () => Promise<unknown>): Promise<readonly [unknown, number]> => {
      sent.length = 0
      const answer = await call()
      return [answer, sent.filter((name) => name === 'getMany').length]
    }
    return { runtime, cache, other: process(), sentBy }
  }

  it('are read on their own the first time, and then with the entry', async () => {
    const { cache, sentBy } = watched()
    await cache.set('a', 1, { tags: ['t', 'a longer name: é'] })
    const get = (): Promise<unknown> => cache.get('a')
    expect(await sentBy(get)).toEqual([1, 2])
    expect(await sentBy(get)).toEqual([1, 1])
    const ask = (): Promise<unknown> => cache.getOrCreate('a', () => 2, { tags: ['other'] })
    expect(await sentBy(ask)).toEqual([1, 1])
    expect(await sentBy(() => cache.exists('a'))).toEqual([true, 1])
    expect(await sentBy(() => cache.getMany(['a', 'b']))).toEqual([new Map([['a', 1]]), 1])
  })

  it('end the entry all the same, at once, no matter which process invalidates them', async () => {
    const { cache, other, sentBy } = watched()
    await cache.set('a', 1, { tags: ['t', 'u'] })
    await cache.get('a')
    await cache.get('a')
    await other.invalidateTags(['u'])
    expect(await sentBy(() => cache.get('a'))).toEqual([undefined, 1])
    await other.set('a', 2, { tags: ['t', 'u'] })
    expect(await sentBy(() => cache.get('a'))).toEqual([2, 1])
    await cache.invalidateTags(['t'])
    expect(await sentBy(() => cache.get('a'))).toEqual([undefined, 1])
  })

  it('are those of the entry that is there now, and not those of an earlier one', async () => {
    const { cache, other, sentBy } = watched()
    await cache.set('a', 1, { tags: ['t'] })
    await cache.get('a')
    await other.set('a', 2, { tags: ['u'] })
    expect(await sentBy(() => cache.get('a'))).toEqual([2, 2])
    expect(await sentBy(() => cache.get('a'))).toEqual([2, 1])
    await other.invalidateTags(['t'])
    expect(await cache.get('a')).toBe(2)
    await other.invalidateTags(['u'])
    expect(await cache.get('a')).toBeUndefined()
  })

  it('are those of their namespace', async () => {
    const { cache, other, sentBy } = watched()
    const shop = cache.namespace('shop')
    await cache.set('a', 1, { tags: ['t'] })
    await shop.set('a', 2, { tags: ['t'] })
    await Promise.all([cache.get('a'), shop.get('a')])
    await other.namespace('shop').invalidateTags(['t'])
    expect(await sentBy(() => Promise.all([cache.get('a'), shop.get('a')]))).toEqual([[1, undefined], 1])
  })

  it('are remembered no longer than the entry can be there', async () => {
    const { runtime, cache, sentBy } = watched()
    await cache.set('a', 1, { tags: ['t'], ttlMs: 1_000 })
    await cache.get('a')
    await runtime.advance(1_001)
    await cache.set('a', 2, { tags: ['t'] })
    expect(await sentBy(() => cache.get('a'))).toEqual([2, 2])
  })
})
