import { createCache, memoryStorage } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { manualRuntime } from '../../manual-runtime.ts'
import { counted, nearWorld, warm } from './world.ts'

const fail = (): never => {
  throw new Error('the load was asked')
}

function countedNear(options: Parameters<typeof createCache>[1] = {}) {
  const runtime = manualRuntime()
  const { storage, reads } = counted(memoryStorage({ now: () => runtime.wallNow() }))
  return { runtime, reads, cache: createCache(storage, { near: true, jitter: 0, runtime, ...options }) }
}

describe('a near hit', () => {
  it('sends nothing, whichever call it is', async () => {
    const { cache, reads } = countedNear()
    const value = { a: [1, 2], b: null }
    await cache.set('k', value)
    await cache.set('l', null)
    await warm(cache, 'k', 'l')
    const before = reads()
    expect(await cache.get('k')).toEqual(value)
    expect(await cache.get('l')).toBeNull()
    expect(await cache.getMany(['l', 'k'])).toEqual(
      new Map([
        ['l', null],
        ['k', value],
      ]),
    )
    expect(await cache.getOrCreate('k', fail)).toEqual(value)
    expect([...(await cache.getOrCreateMany(['k', 'l'], fail))]).toEqual([
      ['k', value],
      ['l', null],
    ])
    expect(await cache.exists('k')).toBe(true)
    expect(await cache.getEntry('k')).toMatchObject({ value, isStale: false })
    expect(cache.peek('k')).toEqual(value)
    expect(reads()).toBe(before)
    expect(cache.stats()).toMatchObject({ near: { live: true, entries: 2 } })
  })

  it('keeps the order of the keys where only some are kept', async () => {
    const { cache } = countedNear()
    for (const key of ['a', 'b', 'c']) await cache.set(key, key)
    await warm(cache, 'b')
    expect([...(await cache.getMany(['a', 'b', 'nothing', 'c'])).keys()]).toEqual(['a', 'b', 'c'])
    await warm(cache, 'b')
    const all = await cache.getOrCreateMany(['x', 'b', 'y'], (keys) => new Map(keys.map((key) => [key, key])))
    expect([...all]).toEqual([
      ['x', 'x'],
      ['b', 'b'],
      ['y', 'y'],
    ])
  })

  it('gives each caller a value that no other has, unless copies are not wanted', async () => {
    const { cache } = countedNear()
    await cache.set('k', { list: [1] })
    await warm(cache, 'k')
    const [one, two] = [await cache.get<{ list: number[] }>('k'), cache.peek<{ list: number[] }>('k')]
    one?.list.push(2)
    expect(two).toEqual({ list: [1] })
    expect(await cache.get('k')).toEqual({ list: [1] })
    const shared = cache.namespace('shared', { copy: false })
    await shared.set('k', { list: [1] })
    await warm(shared, 'k')
    expect(await shared.get('k')).toBe(shared.peek('k'))
    expect(await shared.getOrCreate('k', fail, { copy: true })).not.toBe(shared.peek('k'))
  })

  it('asks the schema once, and gives what the schema has made', async () => {
    const { cache } = countedNear()
    let asked = 0
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => {
          asked += 1
          return { value: { ...(value as { name: string }) } }
        },
      },
    }
    const users = cache.define<string, { name: string }>('user', { schema })
    await users.set('1', { name: 'Ada' })
    for (let i = 0; i < 5; i += 1) expect(await users.get('1')).toEqual({ name: 'Ada' })
    expect(asked).toBe(2)
    expect(users.peek('1')).toEqual({ name: 'Ada' })
    const dates = cache.define<string, Date>('date', {
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value) => ({ value: new Date(value as string) }),
        },
      },
    })
    await dates.set('1', new Date(0))
    for (let i = 0; i < 3; i += 1) expect(await dates.get('1')).toEqual(new Date(0))
    expect(dates.peek('1')).toEqual(new Date(0))
    // Another schema has not accepted it.
    const refused = cache.define<string, never>('user', {
      schema: {
        '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
      },
    })
    expect(refused.peek('1')).toBeUndefined()
  })

  it('reads the storage where a call says so', async () => {
    const { cache, reads } = countedNear()
    await cache.set('k', 1)
    await warm(cache, 'k')
    const before = reads()
    await cache.get('k', { near: false })
    await cache.getMany(['k'], { near: false })
    await cache.getEntry('k', { near: false })
    await cache.exists('k', { near: false })
    await cache.getOrCreate('k', fail, { near: false })
    expect(reads()).toBe(before + 6)
    expect(await cache.getOrCreate('k', () => 2, { refresh: true })).toBe(2)
  })

  it('keeps nothing without near, and what is asked for once a link is there', async () => {
    const { cache, reads } = countedNear({ near: false })
    const near = cache.namespace('n', { near: { ttlMs: 50 } })
    const asNear = near.namespace('m')
    const not = near.namespace('m', { near: false })
    const all = [cache, near, asNear, not]
    for (const each of all) await each.set('k', 1)
    for (const each of all) await warm(each, 'k')
    const before = reads()
    for (const each of all) await each.get('k')
    expect(reads()).toBe(before + 2)
    expect(cache.stats().near).toBeUndefined()
    expect([cache.peek('k'), not.peek('k'), near.peek('k'), asNear.peek('k')]).toEqual([
      undefined,
      undefined,
      1,
      1,
    ])
  })

  it('ends with its entry, with the time that it is kept for, and before the entry is to be loaded anew', async () => {
    const { cache, runtime } = countedNear()
    await cache.set('k', 1, { ttlMs: 1_000, staleMs: 5_000 })
    const short = cache.namespace('short', { near: { ttlMs: 100 } })
    await short.set('k', 1)
    await warm(cache, 'k')
    await warm(short, 'k')
    expect([cache.peek('k'), short.peek('k')]).toEqual([1, 1])
    await runtime.advance(100)
    expect([cache.peek('k'), short.peek('k')]).toEqual([1, undefined])
    await runtime.advance(900)
    expect(cache.peek('k')).toBeUndefined()
    const early = cache.namespace('early', { earlyRefresh: { beta: 1 } })
    let loads = 0
    const load = async (): Promise<number> => {
      await new Promise<void>((resolve) => void runtime.setTimer(100, resolve))
      return (loads += 1)
    }
    const first = early.getOrCreate('k', load, { ttlMs: 1_000 })
    await runtime.advance(100)
    await first
    await warm(early, 'k')
    // Less than 69 ms before its end, which were drawn for it.
    await runtime.advance(940)
    expect(early.peek('k')).toBe(1)
    expect(await early.getOrCreate('k', load)).toBe(1)
    await runtime.advance(200)
    expect(loads).toBe(2)
  })

  it('does not keep what is stale, loading, unreadable, absent or too large', async () => {
    const { cache, runtime } = countedNear({ near: { maxBytes: 8_192 } })
    await cache.set('stale', 1, { ttlMs: 10, staleMs: 10_000 })
    await cache.set('large', 'x'.repeat(2_000))
    await runtime.advance(20)
    await warm(cache, 'stale', 'large', 'absent')
    expect(cache.stats().near).toMatchObject({ entries: 0, oversize: 2 })
    expect(await cache.get('large')).toHaveLength(2_000)
  })

  it('does not keep a load of this process, whose report is still to come, and keeps it with the next read', async () => {
    const { near } = nearWorld()
    await warm(near, 'other')
    await near.getOrCreate('k', () => 1)
    expect(near.peek('k')).toBeUndefined()
    await near.get('k')
    expect(near.peek('k')).toBe(1)
  })
})
