import { describe, expect, it } from 'vitest'
import { type EntryResult, createCache, entry } from '@holdfast/core'
import { slowLoad, waiting, world } from './world.ts'

describe('a load', () => {
  it('ends after hardTimeoutMs: its callers get LOAD_TIMEOUT, its signal is aborted, and the key is free', async () => {
    const { runtime, cache } = world()
    const [one, other] = [cache({ hardTimeoutMs: 1_000 }), cache()]
    const { load, started } = slowLoad<number>()
    const calls = [one.getOrCreate('a', load), one.getOrCreate('a', load)]
    await waiting(...calls)
    const signal = await started
    const elsewhere = other.getOrCreate('a', () => 'elsewhere')
    await runtime.advance(999)
    expect(signal.aborted).toBe(false)
    await runtime.advance(1)
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'LOAD_TIMEOUT', key: 'a' })
    expect(signal.aborted).toBe(true)
    await runtime.advance(1_000)
    expect(await elsewhere).toBe('elsewhere')
  })

  it('is taken over by callers that waited for waitMs: once for all of them, and nothing is stored', async () => {
    const { runtime, cache, storage } = world()
    const [one, other] = [cache(), cache({ waitMs: 500 })]
    const { load, started, finish } = slowLoad<string>()
    const first = one.getOrCreate('a', load)
    await started
    let loads = 0
    const own = (): string => `own ${(loads += 1)}`
    const calls = [1, 2, 3].map(() => other.getOrCreate('a', own))
    await runtime.advance(600)
    expect(await Promise.all(calls)).toEqual(['own 1', 'own 1', 'own 1'])
    expect(loads).toBe(1)
    // However often a call looks, it is one miss.
    expect(other.stats()).toMatchObject({ misses: 3, hits: 0 })
    const [under] = await storage.values.getMany(['app::a'])
    expect(under).toMatch(/^L/)
    finish('first')
    expect(await first).toBe('first')
    expect(await other.get('a')).toBe('first')
  })

  it('gives each caller who shares it what a hit would give, and one object to callers with copy: false', async () => {
    const { cache } = world()
    const one = cache()
    const shared = async (copy: boolean): Promise<readonly object[]> => {
      const { load, started, finish } = slowLoad<object>()
      const key = `copy ${copy}`
      const calls = [one.getOrCreate(key, load, { copy })]
      await started
      calls.push(one.getOrCreate(key, load, { copy }), one.getOrCreate(key, load, { copy }))
      await waiting(...calls)
      finish({ at: new Date(0) })
      return await Promise.all(calls)
    }
    const copies = await shared(true)
    expect(new Set(copies).size).toBe(3)
    for (const each of copies) expect(each).toEqual({ at: new Date(0) })
    expect(new Set(await shared(false)).size).toBe(1)
  })

  it('fails for those who share it, and for no later caller', async () => {
    const { runtime, cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, fail } = slowLoad<string>()
    const first = one.getOrCreate('a', load)
    await started
    const shared = one.getOrCreate('a', () => 'unused')
    const elsewhere = other.getOrCreate('a', () => 'elsewhere')
    await waiting(shared, elsewhere)
    fail(new Error('source'))
    await expect(first).rejects.toThrow('source')
    await expect(shared).rejects.toThrow('source')
    await runtime.advance(1_000)
    expect(await elsewhere).toBe('elsewhere')
    expect(other.stats()).toMatchObject({ takeOvers: 1, waits: 1 })
  })

  it('is not shared by a caller who comes after a removal elsewhere', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, finish } = slowLoad<string>()
    const first = one.getOrCreate('a', load)
    await started
    await other.remove('a')
    expect(await one.getOrCreate('a', () => 'new')).toBe('new')
    finish('old')
    expect(await first).toBe('old')
    expect(await one.get('a')).toBe('new')
  })

  it.each([
    ['the namespace was cleared', (cache: { clear(): Promise<void> }) => cache.clear()],
    [
      'one of its tags was invalidated',
      (cache: { invalidateTags(tags: string[]): Promise<void> }) => cache.invalidateTags(['t']),
    ],
  ])('that began before %s elsewhere is no answer for later callers', async (_, invalidate) => {
    const { runtime, cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, finish } = slowLoad<string>()
    const first = one.getOrCreate('a', load, { tags: ['t'] })
    await started
    await invalidate(other)
    const later = one.getOrCreate('a', () => 'new', { tags: ['t'] })
    const elsewhere = other.getOrCreate('a', () => 'new', { tags: ['t'] })
    await waiting(later, elsewhere)
    finish('old')
    expect(await first).toBe('old')
    await runtime.advance(1_000)
    expect([await later, await elsewhere]).toEqual(['new', 'new'])
    expect(await one.get('a')).toBe('new')
  })

  it('whose own tags were invalidated while it ran is not stored', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, finish } = slowLoad<unknown>()
    const first = one.getOrCreate('a', load)
    await started
    await other.invalidateTags(['late'])
    finish(entry('old', { tags: ['late'] }))
    expect(await first).toBe('old')
    expect(await other.get('a')).toBeUndefined()
    expect(one.stats().fillsRefused).toBe(1)
    await one.getOrCreate('a', () => entry('new', { tags: ['late'] }))
    expect(await other.get('a')).toBe('new')
    await one.invalidateTags(['late'])
    expect(await other.get('a')).toBeUndefined()
  })
})

describe('a load of many keys', () => {
  it('gets some hundred at a time, each once, so that no number of them is too much for the storage', async () => {
    const { runtime, storage } = world()
    const cache = createCache(storage, { runtime, maxPendingCalls: 1_000 })
    const keys = Array.from({ length: 1_201 }, (_, i) => `k${i}`)
    const asked: (readonly string[])[] = []
    const load = (missing: readonly string[]): Map<string, string> => {
      asked.push(missing)
      return new Map(missing.map((key) => [key, key]))
    }
    const values = await cache.getOrCreateMany(keys, load)
    expect([...values.keys()]).toEqual(keys)
    expect(asked.flat()).toEqual(keys)
    expect(asked.map(({ length }) => length)).toEqual([500, 500, 201])
    expect(await cache.getMany(keys)).toEqual(values)
    expect(cache.stats()).toMatchObject({ breaker: 'closed', loads: 1_201 })
  })
})

describe('a ring of loads', () => {
  it('of one process is refused at once', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    const ring = one.getOrCreate('a', () => one.getOrCreate('b', () => one.getOrCreate('a', () => 1)))
    await expect(ring).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
    const both = slowLoad<void>()
    const a = one.getOrCreate('a', async (context) => {
      await both.load(context)
      return await one.getOrCreate('b', () => 0)
    })
    const b = one.getOrCreate('b', async (context) => {
      await both.load(context)
      return await one.getOrCreate('a', () => 0)
    })
    await waiting(a, b)
    both.finish()
    const settled = await Promise.allSettled([a, b])
    expect(settled.map(({ status }) => status)).toContain('rejected')
    const across = one.getOrCreate('c', () => other.getOrCreate('d', () => one.getOrCreate('c', () => 1)))
    await expect(across).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
  })

  it('of two processes ends after waitMs', async () => {
    const { runtime, cache, storage } = world()
    const options = { waitMs: 1_000 }
    // Another copy of the package, which shares nothing with this one but the storage.
    const [one, other] = [cache(options), cache(options)]
    const held = await storage.values.reserve('app::b', 'Lanother-process-000000.', 60_000)
    const a = one.getOrCreate('a', () => one.getOrCreate('b', () => 'b of one'))
    await waiting(a)
    expect(held).toMatch(/^L/)
    await runtime.advance(1_500)
    expect(await a).toBe('b of one')
    expect(await other.get('a')).toBe('b of one')
  })
})

describe('a caller whose signal is aborted', () => {
  it('leaves alone; with the last one the load is aborted and the key is free', async () => {
    const { cache } = world()
    const one = cache()
    const { load, started } = slowLoad<string>()
    const [first, second] = [new AbortController(), new AbortController()]
    const a = one.getOrCreate('a', load, { signal: first.signal })
    const signal = await started
    const b = one.getOrCreate('a', load, { signal: second.signal })
    await waiting(a, b)
    first.abort(new Error('the user left'))
    await expect(a).rejects.toMatchObject({ code: 'WAIT_ABORTED', cause: { message: 'the user left' } })
    expect(signal.aborted).toBe(false)
    second.abort()
    await expect(b).rejects.toMatchObject({ code: 'WAIT_ABORTED' })
    expect(signal.aborted).toBe(true)
    await waiting()
    expect(await one.getOrCreate('a', () => 'next')).toBe('next')
  })

  it('leaves no timer behind when it waited for another process', async () => {
    const { runtime, cache } = world()
    const { load, started, finish } = slowLoad<string>()
    const first = cache().getOrCreate('a', load)
    await started
    const before = runtime.timers
    const hungUp = new AbortController()
    const call = cache().getOrCreate('a', () => 'not needed', { signal: hungUp.signal })
    await waiting(first, call)
    expect(runtime.timers).toBeGreaterThan(before)
    hungUp.abort()
    await expect(call).rejects.toMatchObject({ name: 'WaitAbortedError' })
    await waiting()
    expect(runtime.timers).toBe(before)
    finish('loaded')
    await first
  })

  it('gets nothing from a signal that was aborted before', async () => {
    const { cache } = world()
    const { load, calls } = slowLoad<string>()
    const call = cache().getOrCreate('a', load, { signal: AbortSignal.abort() })
    await expect(call).rejects.toMatchObject({ code: 'WAIT_ABORTED' })
    expect(calls()).toBe(0)
  })
})

describe('a life that only the load knows', () => {
  it('is that of the entry, however short the one of the call is, with tags of either', async () => {
    const { cache, runtime } = world()
    const one = cache()
    const dayLong = (tags?: readonly string[]): EntryResult<number> => entry(1, { ttlMs: 86_400_000, tags })
    await one.getOrCreate('plain', () => dayLong(), { ttlMs: 1_000 })
    await one.getOrCreate('known', () => dayLong(), { ttlMs: 1_000, tags: ['known'] })
    await one.getOrCreate('found', () => dayLong(['found']), { ttlMs: 1_000 })
    await one.namespace('n').getOrCreate('within', () => dayLong(), { ttlMs: 1_000 })
    await runtime.advance(86_000_000)
    expect([...(await cache().getMany(['plain', 'known', 'found'])).keys()]).toEqual([
      'plain',
      'known',
      'found',
    ])
    expect(await cache().namespace('n').get('within')).toBe(1)
    await runtime.advance(400_001)
    expect(await one.exists('plain')).toBe(false)
  })

  it.each(['clear', 'a tag'])('does not outlive an invalidation during the load (%s)', async (how) => {
    const { cache } = world()
    const one = cache()
    const { load, started, finish } = slowLoad<EntryResult<string>>()
    const old = one.getOrCreate<string>('a', load, { tags: ['t'] })
    await started
    await (how === 'clear' ? cache().clear() : cache().invalidateTags(['t']))
    finish(entry('old', { ttlMs: 86_400_000 }))
    expect(await old).toBe('old')
    expect(await cache().get('a')).toBeUndefined()
    expect(one.stats().fillsRefused).toBe(1)
    expect(await one.getOrCreate('a', () => 'new')).toBe('new')
  })
})
