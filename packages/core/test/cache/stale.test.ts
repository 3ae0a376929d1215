import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { slowLoad, waiting, world } from './world.ts'

const STALE = { ttlMs: 1_000, staleMs: 10_000 }

describe('a stale value', () => {
  it('is the answer at once, while one process loads it anew', async () => {
    const { runtime, cache } = world()
    const [one, other] = [cache(STALE), cache(STALE)]
    await one.set('a', 'old')
    await runtime.advance(1_000)
    expect(await one.get('a')).toBeUndefined()
    expect(await one.exists('a')).toBe(false)
    expect(await one.getEntry('a')).toMatchObject({ value: 'old', ageMs: 1_000, ttlMs: 0, isStale: true })
    const { load, calls, started, finish } = slowLoad<string>()
    const asked = [one, one, other].map((each) => each.getOrCreate('a', load))
    expect(await Promise.all(asked)).toEqual(['old', 'old', 'old'])
    await started
    finish('new')
    await waiting()
    expect(calls()).toBe(1)
    expect(await other.get('a')).toBe('new')
    expect(one.stats()).toMatchObject({ staleHits: 2, refreshes: 1 })
  })

  it('is given to the load, and to the caller whose load fails', async () => {
    const { runtime, cache } = world()
    const one = cache({ ...STALE, onLoadError: 'stale' })
    await one.set('a', 'old')
    expect(await one.expire('a')).toBe(true)
    await runtime.advance(100)
    const seen: unknown[] = []
    const call = one.getOrCreate('a', ({ stale }) => {
      seen.push(stale)
      throw new Error('source')
    })
    expect(await call).toBe('old')
    expect(seen).toEqual([{ value: 'old', ageMs: 100, ttlMs: 0, isStale: true }])
    expect(one.stats()).toMatchObject({ loads: 1, loadFailures: 1 })
  })

  it('is not given once it was removed, also when that was during the load', async () => {
    const { cache } = world()
    const [one, other] = [cache({ ...STALE, onLoadError: 'stale' }), cache()]
    await one.set('a', 'old')
    await one.expire('a')
    const { load, started, fail } = slowLoad<string>()
    const call = one.getOrCreate('a', load)
    await started
    await other.remove('a')
    fail(new Error('source'))
    await expect(call).rejects.toThrow('source')
  })

  it('that expire made is loaded once, also when several processes ask', async () => {
    const { runtime, cache } = world()
    const [one, other] = [cache(STALE), cache(STALE)]
    await one.set('a', 'old')
    await one.expire('a')
    const { load, calls, started, finish } = slowLoad<string>()
    const asked = [one.getOrCreate('a', load), other.getOrCreate('a', load)]
    await waiting(...asked)
    await started
    finish('new')
    await runtime.advance(1_000)
    expect(await Promise.all(asked)).toEqual(['new', 'new'])
    expect(calls()).toBe(1)
  })

  it('says once that the load which several callers left behind has failed', async () => {
    const { runtime, cache } = world()
    const one = cache({ ...STALE, softTimeoutMs: 200 })
    await one.set('a', 'old')
    await runtime.advance(1_000)
    const failed: unknown[] = []
    const note = (event: unknown): void => {
      if ((event as { readonly type: string }).type === 'refreshFailed') failed.push(event)
    }
    subscribe('holdfast:cache', note)
    const { load, fail } = slowLoad<string>()
    const calls = [one.getOrCreate('a', load), one.getOrCreate('a', load)]
    await waiting(...calls)
    await runtime.advance(200)
    expect(await Promise.all(calls)).toEqual(['old', 'old'])
    fail(new Error('source'))
    await waiting()
    unsubscribe('holdfast:cache', note)
    expect(failed).toHaveLength(1)
  })

  it('is the answer after softTimeoutMs, also while it is another process that loads', async () => {
    const { runtime, cache } = world()
    const options = { ...STALE, softTimeoutMs: 200 }
    const [one, other] = [cache(options), cache(options)]
    await one.set('a', 'old')
    await runtime.advance(1_000)
    const { load, started, finish } = slowLoad<string>()
    const first = one.getOrCreate('a', load)
    await started
    const call = other.getOrCreate('a', () => 'not needed')
    await waiting(first, call)
    await runtime.advance(210)
    expect(await Promise.all([first, call])).toEqual(['old', 'old'])
    finish('new')
    await waiting()
    expect(await other.get('a')).toBe('new')
    expect(other.stats().loads).toBe(0)
  })

  it('is the answer after softTimeoutMs, and the load goes on', async () => {
    const { runtime, cache } = world()
    const one = cache({ ...STALE, softTimeoutMs: 200 })
    await one.set('a', 'old')
    await runtime.advance(1_000)
    const { load, started, finish } = slowLoad<string>()
    const call = one.getOrCreate('a', load)
    const signal = await started
    await runtime.advance(200)
    expect(await call).toBe('old')
    expect(signal.aborted).toBe(false)
    finish('new')
    await waiting()
    expect(await one.get('a')).toBe('new')
  })

  it('is gone after staleMs', async () => {
    const { runtime, cache } = world()
    const one = cache(STALE)
    await one.set('a', 'old')
    await runtime.advance(11_000)
    expect(await one.getEntry('a')).toBeUndefined()
  })
})

describe('expire', () => {
  it('removes what was stored without staleMs, and refuses a load that runs', async () => {
    const { cache } = world()
    const one = cache()
    await one.set('a', 1)
    expect([await one.expire('a'), await one.expire('a')]).toEqual([true, false])
    expect(await one.get('a')).toBeUndefined()
    const { load, started, finish } = slowLoad<number>()
    const call = one.getOrCreate('b', load)
    await started
    expect(await one.expire('b')).toBe(false)
    finish(2)
    expect(await call).toBe(2)
    expect(await one.get('b')).toBeUndefined()
  })

  it('refuses a refresh that began before', async () => {
    const { runtime, cache } = world()
    const one = cache(STALE)
    await one.set('a', 'old')
    await runtime.advance(1_000)
    const { load, started, finish } = slowLoad<string>()
    expect(await one.getOrCreate('a', load)).toBe('old')
    await started
    await one.expire('a')
    finish('older than expire')
    await waiting()
    expect(await one.getEntry('a')).toMatchObject({ value: 'old', isStale: true })
    expect(one.stats().fillsRefused).toBe(1)
  })
})

describe('refresh', () => {
  it('loads although there is a value, and keeps that when the load fails', async () => {
    const { cache } = world()
    const one = cache()
    await one.set('a', 'old')
    const failing = one.getOrCreate('a', () => Promise.reject(new Error('source')), { refresh: true })
    await expect(failing).rejects.toThrow('source')
    expect(await one.get('a')).toBe('old')
    expect(
      await one.getOrCreate('a', ({ stale }) => `after ${String(stale?.value)}`, { refresh: true }),
    ).toBe('after old')
    expect(await one.get('a')).toBe('after old')
  })

  it('does not overwrite what was removed meanwhile', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    await one.set('a', 'old')
    const { load, started, finish } = slowLoad<string>()
    const call = one.getOrCreate('a', load, { refresh: true })
    await started
    await other.remove('a')
    finish('loaded before')
    expect(await call).toBe('loaded before')
    expect(await other.get('a')).toBeUndefined()
  })

  it('comes early with earlyRefresh, the nearer the end the more likely', async () => {
    const { runtime, cache } = world()
    const one = cache({ ttlMs: 10_000, earlyRefresh: true })
    const { load, started, finish } = slowLoad<string>()
    const first = one.getOrCreate('a', load)
    await started
    // The load took 1,000 ms; with a random number of 0.5 it is loaded anew 693 ms before its end.
    await runtime.advance(1_000)
    finish('first')
    await first
    await runtime.advance(9_200)
    expect(await one.getOrCreate('a', () => 'early')).toBe('first')
    await waiting()
    expect(await one.get('a')).toBe('first')
    await runtime.advance(200)
    expect(await one.getOrCreate('a', () => 'early')).toBe('first')
    await waiting()
    expect(await one.get('a')).toBe('early')
    expect(one.stats()).toMatchObject({ refreshes: 1, earlyRefreshes: 1 })
  })

  it('that no caller awaits fails without a rejection, and ends with close', async () => {
    const { runtime, cache } = world()
    const one = cache(STALE)
    await one.set('a', 'old')
    await runtime.advance(1_000)
    expect(await one.getOrCreate('a', () => Promise.reject(new Error('source')))).toBe('old')
    await waiting()
    const { load, started } = slowLoad<string>()
    expect(await one.getOrCreate('a', load)).toBe('old')
    const signal = await started
    await one.close()
    expect(signal.aborted).toBe(true)
    await waiting()
    expect(runtime.timers).toBe(0)
  })
})
