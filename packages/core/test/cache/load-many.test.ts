import { describe, expect, it } from 'vitest'
import {
  type Storage,
  StorageRefusedError,
  StorageUnavailableError,
  createCache,
  entry,
} from '@holdfast/core'
import type { ValueStorage } from '@holdfast/core/storage'
import { manyByOne } from '../../src/memory/many-by-one.ts'
import { slowLoad, waiting, world, watchFlights } from './world.ts'

const flightsLeft = watchFlights()

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `k${i}`)
const each = (keys: readonly string[]): Map<string, unknown> => new Map(keys.map((key) => [key, `of ${key}`]))

/** The same storage, some commands of which do something else, and how often each command was sent. */
function watched(
  storage: Storage,
  commands: Partial<ValueStorage> = {},
): { readonly storage: Storage; readonly sent: Record<string, number> } {
  const sent: Record<string, number> = {}
  const given = { ...storage.values, ...commands }
  const isOther = commands.reserve !== undefined || commands.replace !== undefined
  const values = new Proxy<ValueStorage>(
    { ...given, ...(isOther && manyByOne(given)) },
    {
      get(target, name: keyof ValueStorage) {
        const command: unknown = target[name]
        if (typeof command !== 'function') return command
        return (...args: readonly unknown[]): unknown => {
          sent[name] = (sent[name] ?? 0) + 1
          return Reflect.apply(command, target, args)
        }
      },
    },
  )
  return { storage: { ...storage, values }, sent }
}

describe('a load of many keys', () => {
  it('sends one read, a reservation for a hundred missing keys, and fills for twenty, forty and at most fifty', async () => {
    const { runtime, storage } = world()
    const { storage: same, sent } = watched(storage)
    const cache = createCache(same, { runtime })
    await cache.getOrCreateMany(['first'], each)
    for (const name of Object.keys(sent)) delete sent[name]
    const keys = keysOf(120)
    expect(await cache.getOrCreateMany(keys, each)).toEqual(each(keys))
    expect(sent).toEqual({ getMany: 1, reserveMany: 2, replaceMany: 4 })
    expect(await cache.getOrCreateMany([...keys, 'more'], each)).toEqual(each([...keys, 'more']))
    expect(sent).toEqual({ getMany: 2, reserveMany: 3, replaceMany: 5 })
    expect(cache.stats()).toMatchObject({ hits: 120, misses: 122, loads: 122, fillsRefused: 0 })
  })

  it('is shared by other callers, key by key, and waited for by other processes', async () => {
    const { runtime, cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, finish, calls } = slowLoad<Map<string, unknown>>()
    const many = one.getOrCreateMany(['a', 'b', 'c'], (_, context) => load(context))
    await started
    const shared = one.getOrCreate('b', () => 'unused')
    const alsoMany = one.getOrCreateMany(['c', 'd'], each)
    const elsewhere = other.getOrCreate('a', () => 'unused')
    await waiting(shared, alsoMany, elsewhere)
    finish(
      new Map([
        ['a', { of: 'a' }],
        ['b', { of: 'b' }],
        ['c', { of: 'c' }],
      ]),
    )
    const values = await many
    expect([...values.keys()]).toEqual(['a', 'b', 'c'])
    expect(await shared).toEqual({ of: 'b' })
    expect(await shared).not.toBe(values.get('b'))
    expect(Object.fromEntries(await alsoMany)).toEqual({ c: { of: 'c' }, d: 'of d' })
    await runtime.advance(1_000)
    expect(await elsewhere).toEqual({ of: 'a' })
    expect(calls()).toBe(1)
    expect(one.stats()).toMatchObject({ loads: 4, joined: 2 })
    expect(other.stats()).toMatchObject({ loads: 0, waits: 1 })
  })

  it('leaves what another process loads to that, and loads the rest at once', async () => {
    const { runtime, cache, storage } = world()
    const [one, other] = [cache(), cache()]
    await one.getOrCreate('warm', () => 1)
    const held = await storage.values.reserve('app::b', 'Lanother-process-000000.', 60_000)
    const asked: string[] = []
    const load = (keys: readonly string[]): Map<string, unknown> => {
      asked.push(...keys)
      return each(keys)
    }
    const many = one.getOrCreateMany(['a', 'b', 'c'], load)
    await waiting(many)
    expect(asked).toEqual(['a', 'c'])
    expect(await other.get('c')).toBe('of c')
    await storage.values.removeIf('app::b', held)
    await runtime.advance(1_000)
    expect(await many).toEqual(each(['a', 'b', 'c']))
    expect(asked).toEqual(['a', 'c', 'b'])
    expect(one.stats()).toMatchObject({ misses: 4, waits: 1, takeOvers: 1 })
  })

  it('answers with what is there, and loads what is stale in the background', async () => {
    const { runtime, cache } = world()
    const one = cache({ staleMs: 10_000, ttlMs: 1_000 })
    await one.set('stale', 'old')
    await runtime.advance(2_000)
    await one.set('fresh', 'kept')
    const asked: string[] = []
    const load = (keys: readonly string[]): Map<string, unknown> => {
      asked.push(...keys)
      return each(keys)
    }
    const values = await one.getOrCreateMany(['missing', 'stale', 'fresh'], load)
    expect([...values]).toEqual([
      ['missing', 'of missing'],
      ['stale', 'old'],
      ['fresh', 'kept'],
    ])
    await waiting()
    expect(asked.toSorted()).toEqual(['missing', 'stale'])
    expect(await one.get('stale')).toBe('of stale')
  })

  it('does not store a key that was removed or set meanwhile, and stores the others', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, finish } = slowLoad<Map<string, unknown>>()
    const many = one.getOrCreateMany(['a', 'b', 'c'], (_, context) => load(context))
    await started
    await other.remove('a')
    await other.set('b', 'set')
    expect(await one.getOrCreate('a', () => 'newer')).toBe('newer')
    finish(each(['a', 'b', 'c']))
    expect(await many).toEqual(each(['a', 'b', 'c']))
    expect(await other.getMany(['a', 'b', 'c'])).toEqual(
      new Map([
        ['a', 'newer'],
        ['b', 'set'],
        ['c', 'of c'],
      ]),
    )
    expect(one.stats().fillsRefused).toBe(2)
  })

  it('replaces what a clear has ended', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    await one.setMany({ a: 1, b: 2 })
    await other.clear()
    expect(await one.getOrCreateMany(['a', 'b'], each)).toEqual(each(['a', 'b']))
    expect(await other.getMany(['a', 'b'])).toEqual(each(['a', 'b']))
  })

  it('stores each value as its entry says, and none whose own tag was invalidated meanwhile', async () => {
    const { runtime, cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, finish } = slowLoad<Map<string, unknown>>()
    const many = one.getOrCreateMany(['a', 'b', 'c', 'd'], (_, context) => load(context), { tags: ['t'] })
    await started
    finish(
      new Map<string, unknown>([
        ['a', entry(1, { tags: ['own'] })],
        ['b', entry(2, { ttlMs: 1_000 })],
        ['c', 3],
      ]),
    )
    expect(Object.fromEntries(await many)).toEqual({ a: 1, b: 2, c: 3 })
    await other.invalidateTags(['own'])
    expect(Object.fromEntries(await other.getMany(['a', 'b', 'c']))).toEqual({ b: 2, c: 3 })
    await runtime.advance(1_001)
    expect(Object.fromEntries(await other.getMany(['b', 'c']))).toEqual({ c: 3 })
    await other.invalidateTags(['t'])
    expect(await other.get('c')).toBeUndefined()
    // What was not found keeps no process waiting.
    expect(await other.getOrCreate('d', () => 4)).toBe(4)

    const late = slowLoad<Map<string, unknown>>()
    const again = one.getOrCreateMany(['e', 'f'], (_, context) => late.load(context))
    await late.started
    await other.invalidateTags(['late'])
    late.finish(
      new Map<string, unknown>([
        ['e', entry(5, { tags: ['late'] })],
        ['f', 6],
      ]),
    )
    expect(Object.fromEntries(await again)).toEqual({ e: 5, f: 6 })
    expect(Object.fromEntries(await other.getMany(['e', 'f']))).toEqual({ f: 6 })
    expect(await other.getOrCreate('e', () => 'anew')).toBe('anew')
  })

  it('fails for those who share it, and frees its keys', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, fail } = slowLoad<Map<string, unknown>>()
    const many = one.getOrCreateMany(['a', 'b'], (_, context) => load(context))
    await started
    const shared = one.getOrCreate('b', () => 'unused')
    await waiting(many, shared)
    fail(new Error('source'))
    await expect(many).rejects.toThrow('source')
    await expect(shared).rejects.toThrow('source')
    expect(await other.getOrCreateMany(['a', 'b'], each)).toEqual(each(['a', 'b']))
    expect(one.stats()).toMatchObject({ loads: 2, loadFailures: 2 })
    expect(flightsLeft()).toEqual([])
  })

  it('fails for a value that cannot be stored, and stores the others', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    const values = new Map<string, unknown>([
      ['a', 1],
      ['b', () => undefined],
      ['c', 3],
    ])
    await expect(one.getOrCreateMany(['a', 'b', 'c'], () => values)).rejects.toThrow(TypeError)
    expect(Object.fromEntries(await other.getMany(['a', 'b', 'c']))).toEqual({ a: 1, c: 3 })
    expect(await other.getOrCreate('b', () => 2)).toBe(2)
  })

  it('ends after hardTimeoutMs: its keys are free', async () => {
    const { runtime, cache } = world()
    const [one, other] = [cache({ hardTimeoutMs: 10_000 }), cache()]
    const { load, started } = slowLoad<Map<string, unknown>>()
    const many = one.getOrCreateMany(['a', 'b'], (_, context) => load(context))
    await waiting(many)
    const signal = await started
    // Longer than a guard lives that is not prolonged.
    await runtime.advance(9_000)
    const elsewhere = other.getOrCreateMany(['a', 'b'], each)
    await waiting(elsewhere)
    expect(other.stats().loads).toBe(0)
    await runtime.advance(1_000)
    await expect(many).rejects.toMatchObject({ code: 'LOAD_TIMEOUT', key: 'a' })
    expect(signal.aborted).toBe(true)
    await runtime.advance(1_000)
    expect(await elsewhere).toEqual(each(['a', 'b']))
    expect(flightsLeft()).toEqual([])
  })

  it('goes on for the callers who are left when one is aborted, and ends with the last', async () => {
    const { cache } = world()
    const [one, other] = [cache(), cache()]
    const { load, started, finish } = slowLoad<Map<string, unknown>>()
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const many = one.getOrCreateMany(['a', 'b'], (_, context) => load(context), options)
    const signal = await started
    const shared = one.getOrCreate('a', () => 'unused')
    await waiting(many, shared)
    controller.abort()
    await expect(many).rejects.toMatchObject({ code: 'WAIT_ABORTED' })
    expect(signal.aborted).toBe(false)
    expect(await other.getOrCreate('b', () => 'elsewhere')).toBe('elsewhere')
    finish(each(['a', 'b']))
    expect(await shared).toBe('of a')
    expect(Object.fromEntries(await other.getMany(['a', 'b']))).toEqual({ a: 'of a', b: 'elsewhere' })

    const alone = slowLoad<Map<string, unknown>>()
    const last = new AbortController()
    const ends = one.getOrCreateMany(['c', 'd'], (_, context) => alone.load(context), { signal: last.signal })
    const ended = await alone.started
    last.abort()
    await expect(ends).rejects.toMatchObject({ code: 'WAIT_ABORTED' })
    expect(ended.aborted).toBe(true)
    await waiting()
    expect(await other.getOrCreateMany(['c', 'd'], each)).toEqual(each(['c', 'd']))
    expect(flightsLeft()).toEqual([])
  })

  it('is no ring that waits for ever: it may not ask for any of its keys', async () => {
    const { cache } = world()
    const one = cache()
    for (const key of ['a', 'b', 'c']) {
      const asks = async (): Promise<Map<string, unknown>> =>
        new Map([[key, await one.getOrCreate(key, () => 'unused')]])
      await expect(one.getOrCreateMany(['a', 'b', 'c'], asks)).rejects.toMatchObject({
        code: 'SELF_DEADLOCK',
      })
    }
    const within = one.getOrCreate('outer', async () => [...(await one.getOrCreateMany(['a', 'b'], each))])
    expect(await within).toEqual([...each(['a', 'b'])])
  })
})

describe('a load of many keys whose storage', () => {
  it('is out loads all of them at once', async () => {
    const { runtime, storage } = world()
    const out = (): Promise<never> =>
      Promise.reject(new StorageUnavailableError('It is out.', { maybeApplied: false }))
    for (const commands of [{ getMany: out }, { reserve: out }, { replace: out }]) {
      const { storage: broken } = watched(storage, commands)
      const cache = createCache(broken, { runtime })
      const asked: (readonly string[])[] = []
      const load = (keys: readonly string[]): Map<string, unknown> => {
        asked.push(keys)
        return each(keys)
      }
      const many = cache.getOrCreateMany(['a', 'b', 'c'], load)
      await waiting(many)
      await runtime.advance(300)
      expect(await many).toEqual(each(['a', 'b', 'c']))
      expect(asked).toEqual([['a', 'b', 'c']])
      await storage.values.remove(['app::a', 'app::b', 'app::c'])
    }
  })

  it('refuses one key loads that as well, and stores the others', async () => {
    const { runtime, storage, cache: other } = world()
    const { values } = storage
    const refused = (key: string): Promise<never> | undefined =>
      key === 'app::b' ? Promise.reject(new StorageRefusedError('WRONGTYPE')) : undefined
    for (const commands of [
      { reserve: (...args) => refused(args[0]) ?? values.reserve(...args) },
      { replace: (...args) => refused(args[0]) ?? values.replace(...args) },
    ] satisfies Partial<ValueStorage>[]) {
      const { storage: partly } = watched(storage, commands)
      const cache = createCache(partly, { runtime })
      expect(await cache.getOrCreateMany(['a', 'b', 'c'], each)).toEqual(each(['a', 'b', 'c']))
      expect(Object.fromEntries(await other().getMany(['a', 'b', 'c']))).toEqual({ a: 'of a', c: 'of c' })
      expect(await other().getOrCreate('b', () => 'elsewhere')).toBe('elsewhere')
      await values.remove(['app::a', 'app::b', 'app::c'])
    }
  })

  it('reserves them when their caller has given up: nothing is kept of that', async () => {
    const { runtime, storage } = world()
    const { values } = storage
    const slow = <A extends unknown[], T>(command: (...args: A) => Promise<T>): typeof command => {
      return async (...args) => {
        await new Promise<void>((resolve) => runtime.setTimer(150, resolve))
        return await command(...args)
      }
    }
    const commands = { getMany: slow(values.getMany), reserve: slow(values.reserve) }
    const cache = createCache(watched(storage, commands).storage, { runtime })
    const many = cache.getOrCreateMany(['a', 'b'], each)
    await waiting(many)
    await runtime.advance(250)
    expect(await many).toEqual(each(['a', 'b']))
    await runtime.advance(200)
    expect(await values.getMany(['app::a', 'app::b'])).toEqual([null, null])
    expect(flightsLeft()).toEqual([])
  })

  it('refuses the generations keeps no key from others', async () => {
    const { runtime, storage, cache: other } = world()
    const ensure = (): Promise<never> => Promise.reject(new StorageRefusedError('OOM'))
    const cache = createCache(watched(storage, { ensure }).storage, { runtime })
    expect(await cache.getOrCreateMany(['a', 'b'], each)).toEqual(each(['a', 'b']))
    expect(await storage.values.getMany(['app::a', 'app::b'])).toEqual([null, null])
    expect(await other().getOrCreateMany(['a', 'b'], each)).toEqual(each(['a', 'b']))
  })
})
