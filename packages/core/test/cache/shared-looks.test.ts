import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache, memoryStorage } from '@holdfast/core'
import { waiting, world } from './world.ts'

describe('callers of one key in one tick', () => {
  it('each get a value of their own, also where one of them gives up', async () => {
    const { cache } = world()
    const one = cache()
    await one.set('a', { at: 1 })
    const ending = new AbortController()
    const calls = [1, 2, 3].map(() => one.get<{ at: number }>('a'))
    const given = one.getOrCreate('a', () => 'own', { signal: ending.signal })
    ending.abort()
    await expect(given).rejects.toMatchObject({ code: 'WAIT_ABORTED' })
    const values = await Promise.all(calls)
    expect(values).toEqual([{ at: 1 }, { at: 1 }, { at: 1 }])
    expect(new Set(values).size).toBe(3)
  })

  it('are judged by their own deadlines where the process worked for long between them', async () => {
    const { runtime, storage, cache: process } = world()
    const { values } = storage
    const slow = createCache(
      {
        ...storage,
        values: {
          ...values,
          async getMany(keys) {
            await new Promise<void>((resolve) => runtime.setTimer(60, resolve))
            return await values.getMany(keys)
          },
        },
      },
      { runtime },
    )
    // Its generation is read in a second round trip: this process has not seen the tag yet.
    await process().set('a', 'v', { tags: ['t'] })
    const first = slow.get('a')
    runtime.freeze(400)
    const second = slow.get('a')
    await waiting(first)
    await runtime.advance(130)
    expect(await second).toBe('v')
  })
})

describe('the reads of one tick', () => {
  it('ask for a key once, although several calls of many keys want it', async () => {
    const { storage, runtime } = world()
    const asked: string[][] = []
    const { values } = storage
    const watched = createCache(
      {
        ...storage,
        values: {
          ...values,
          getMany: (keys) => {
            asked.push([...keys])
            return values.getMany(keys)
          },
        },
      },
      { runtime },
    )
    await watched.setMany({ a: 1, b: 2 })
    asked.length = 0
    const [ab, bc, b] = await Promise.all([
      watched.getMany(['a', 'b']),
      watched.getMany(['b', 'c']),
      watched.get('b'),
    ])
    expect([[...ab], [...bc], b]).toEqual([
      [
        ['a', 1],
        ['b', 2],
      ],
      [['b', 2]],
      2,
    ])
    expect(asked).toHaveLength(1)
    expect(new Set(asked[0]).size).toBe(asked[0]?.length)
  })
})

describe('a load of many keys', () => {
  afterEach(() => void vi.useRealTimers())

  it('ends under faked timers', async () => {
    vi.useFakeTimers()
    const cache = createCache(memoryStorage())
    const keys = Array.from({ length: 120 }, (_, i) => `k${i}`)
    const loaded = await cache.getOrCreateMany(keys, (missing) => new Map(missing.map((key) => [key, key])))
    expect(loaded.size).toBe(keys.length)
  })
})
