/** What a caller gets of a copy, where the copy and the storage could differ. */
import { type CacheCodec, createCache, jsonCodec, memoryStorage } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { manualRuntime } from '../../manual-runtime.ts'
import { counted, warm } from './world.ts'

function nearCache(options: Parameters<typeof createCache>[1] = {}) {
  const runtime = manualRuntime()
  const { storage, reads } = counted(memoryStorage({ now: () => runtime.wallNow() }))
  const cache = createCache(storage, { near: true, jitter: 0, runtime, ...options })
  return { runtime, reads, storage, cache }
}

const fail = (): never => {
  throw new Error('the load was asked')
}

describe('a copy', () => {
  it('is no object that a caller has who asked for a value that no other has', async () => {
    const { cache } = nearCache()
    const shared = cache.namespace('shared', { copy: false })
    await shared.set('warm', 1)
    await warm(shared, 'warm')
    await shared.set('k', { v: 1 })
    const own = await shared.getOrCreate<{ v: number }>('k', fail, { copy: true })
    const [many] = [...(await shared.getOrCreateMany<{ v: number }>(['k'], fail, { copy: true })).values()]
    for (const value of [own, many]) if (value !== undefined) value.v = 666
    expect([await shared.get('k'), shared.peek('k')]).toEqual([{ v: 1 }, { v: 1 }])
    expect(await shared.getOrCreate('k', fail)).toEqual({ v: 1 })
  })

  it('is loaded anew as early as was drawn when it was kept: the read that finds it due does not draw again', async () => {
    let draw = 0.9
    const { cache, runtime } = nearCache()
    Object.assign(runtime, { random: () => draw })
    const load = async (): Promise<number> => {
      await runtime.advance(100)
      return 1
    }
    const options = { ttlMs: 2_000, earlyRefresh: true }
    await cache.getOrCreate('k', load, options)
    await warm(cache, 'k')
    expect(cache.peek('k')).toBe(1)
    draw = 0
    // The one that was drawn: 100 ms × -ln(0.1), 230 ms before the end.
    await runtime.advance(1_600)
    await cache.getOrCreate('k', load, options)
    expect(cache.stats()).toMatchObject({ earlyRefreshes: 0, loads: 1 })
    await runtime.advance(200)
    await cache.getOrCreate('k', load, options)
    expect(cache.stats()).toMatchObject({ earlyRefreshes: 1 })
  })

  it('that codec or schema fails on, or that the schema refuses now, is a miss', async () => {
    let mood: 'well' | 'throws' | 'refuses' = 'well'
    const check = (value: unknown): unknown => {
      if (mood === 'throws') throw new Error('boom')
      return value
    }
    const codec: CacheCodec = {
      ...jsonCodec,
      name: 'moody',
      decode: (text) => check(jsonCodec.decode(text as never)),
    }
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          mood === 'refuses' ? { issues: [{ message: 'no' }] } : { value: { made: check(value) } },
      },
    }
    const { cache } = nearCache()
    const byCodec = cache.namespace('codec', { codec })
    const bySchema = cache.define<string, unknown>('schema', { schema })
    await byCodec.set('k', { v: 1 })
    await warm(byCodec, 'k')
    await bySchema.set('k', { v: 1 })
    for (let i = 0; i < 3; i += 1) await bySchema.get('k')
    for (const now of ['throws', 'refuses'] as const) {
      for (const each of now === 'throws' ? [byCodec, bySchema] : [bySchema]) {
        mood = 'well'
        for (let i = 0; i < 3; i += 1) await each.get('k')
        expect(each.peek('k')).toBeDefined()
        mood = now
        const hits = cache.stats().near?.hits
        expect(each.peek('k')).toBeUndefined()
        expect(await each.getEntry('k')).toBeUndefined()
        expect(await each.get('k')).toBeUndefined()
        expect(cache.stats().near?.hits).toBe(hits)
        mood = 'well'
        for (let i = 0; i < 3; i += 1) await each.get('k')
        mood = now
        if (each === byCodec) expect(await byCodec.getOrCreate('k', () => 'loaded')).toBe('loaded')
        mood = 'well'
        await each.set('k', { v: 1 })
      }
    }
  })

  it('has the age of its entry', async () => {
    const { cache, runtime } = nearCache({ ttlMs: 86_400_000 })
    await cache.set('k', 1)
    await warm(cache, 'k')
    await runtime.advance(20)
    expect(cache.peek('k')).toBe(1)
    const far = await cache.getEntry('k', { near: false })
    const near = await cache.getEntry('k')
    expect(near?.ageMs).toBeCloseTo(far?.ageMs ?? 0, -1)
    expect(near?.ttlMs).toBeCloseTo(far?.ttlMs ?? 0, -1)
  })

  it('is what a read past it has found', async () => {
    const { cache, reads } = nearCache()
    await cache.set('k', 1)
    await warm(cache, 'k')
    await cache.set('k', 2)
    const before = reads()
    expect(await cache.get('k', { near: false })).toBe(2)
    expect(cache.peek('k')).toBe(2)
    const numbers = cache.define<string, number>('number', {})
    await numbers.set('1', 1)
    expect(await numbers.exists('1', { near: false })).toBe(true)
    expect(await numbers.getEntry('1', { near: false })).toMatchObject({ value: 1 })
    expect(await numbers.getEntry('1', { near: false })).toMatchObject({ value: 1 })
    expect(reads()).toBeGreaterThanOrEqual(before + 4)
  })
})
