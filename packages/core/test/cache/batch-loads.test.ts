import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CacheEvent, type Storage, createCache, jsonCodec } from '@holdfast/core'
import type { ValueStorage } from '@holdfast/core/storage'
import { counted, slowLoad, waiting, world, watchFlights } from './world.ts'

const flightsLeft = watchFlights()

const each = (keys: readonly string[]): Map<string, unknown> => new Map(keys.map((key) => [key, `of ${key}`]))

/** The same storage, whose answers to some commands are held until the test gives them. */
function held(storage: Storage) {
  let give: (() => void) | undefined
  let given = Promise.resolve()
  const slow = <A extends unknown[], T>(command: (...args: A) => Promise<T>): typeof command => {
    return async (...args) => {
      const until = given
      // Executed at once.
      const reply = await command(...args)
      await until
      return reply
    }
  }
  const { values } = storage
  return {
    storage: {
      ...storage,
      time: slow(() => storage.time()),
      values: { ...values, getMany: slow((keys: readonly string[]) => values.getMany(keys)) },
    },
    hold: () => void (given = new Promise((resolve) => (give = resolve))),
    /** Of commands from now on. */
    letPass: () => void (given = Promise.resolve()),
    give: () => give?.(),
  }
}

/** The same storage, whose methods need the object that they are of. */
class PrivateValues {
  readonly #values: ValueStorage

  constructor(values: ValueStorage) {
    this.#values = values
    for (const [name, member] of Object.entries(values))
      if (typeof member !== 'function') Object.assign(this, { [name]: member as unknown })
  }

  perform(name: keyof ValueStorage, args: readonly unknown[]): unknown {
    return Reflect.apply(this.#values[name] as () => unknown, this.#values, args)
  }

  static of(values: ValueStorage): ValueStorage {
    for (const [name, member] of Object.entries(values) as [keyof ValueStorage, unknown][])
      if (typeof member === 'function')
        Object.defineProperty(PrivateValues.prototype, name, {
          configurable: true,
          value(this: PrivateValues, ...args: readonly unknown[]) {
            return this.perform(name, args)
          },
        })
    return new PrivateValues(values) as unknown as ValueStorage
  }
}

describe('a batch of missing keys', () => {
  it('joins loads of its process that began while it read', async () => {
    const { runtime, storage } = world()
    const link = held(storage)
    const cache = createCache(link.storage, { runtime, jitter: 0 })
    await cache.getOrCreateMany(['warm'], each)
    link.hold()
    const second = cache.getOrCreateMany(['a', 'b'], () => expect.unreachable('they are being loaded'))
    await waiting(second)
    link.letPass()
    const { load, started, finish } = slowLoad<Map<string, unknown>>()
    const first = cache.getOrCreateMany(['a', 'b'], (_, context) => load(context))
    await started
    link.give()
    await waiting(second)
    expect(cache.stats()).toMatchObject({ joined: 2, waits: 0 })
    finish(each(['a', 'b']))
    expect(await Promise.all([first, second])).toEqual([each(['a', 'b']), each(['a', 'b'])])
    expect(flightsLeft()).toEqual([])
  })

  it.for([
    ['has a tag that this process does not know', { tags: ['t'] }, 0],
    ['may be stale by a clock that this process does not know', {}, 10_000],
  ] as const)('does not wait for a key that %s', async ([, options, staleMs]) => {
    const { runtime, storage, cache } = world()
    await cache({ staleMs }).set('slow', 'there', options)
    const link = held(storage)
    const { storage: same, sent } = counted(link.storage)
    const one = createCache(same, { runtime, jitter: 0 })
    const read = one.getOrCreateMany(['slow', 'missing'], each)
    link.hold()
    const asked = new Promise<void>((resolve) => process.nextTick(resolve))
    await asked
    link.give()
    link.hold()
    await waiting(read)
    expect(sent).toContain('reserveMany')
    expect(one.stats()).toMatchObject({ misses: 1, hits: 0 })
    link.give()
    expect(await read).toEqual(
      new Map([
        ['slow', 'there'],
        ['missing', 'of missing'],
      ]),
    )
    expect(one.stats()).toMatchObject({ misses: 1, hits: 1, loads: 1 })
  })

  it('is stored by a storage whose methods need their object', async () => {
    const { runtime, storage, cache: other } = world()
    const values = PrivateValues.of(storage.values)
    const cache = createCache({ ...storage, values }, { runtime })
    expect(await cache.getOrCreateMany(['a', 'b'], each)).toEqual(each(['a', 'b']))
    expect(await other().getMany(['a', 'b'])).toEqual(each(['a', 'b']))
    expect(await cache.getOrCreateMany(['a', 'b'], () => expect.unreachable('they are there'))).toEqual(
      each(['a', 'b']),
    )
  })

  it('that takes too long says so of each key', async () => {
    const heard: unknown[] = []
    const note = (event: unknown): void => {
      const { type, key, error } = event as CacheEvent & { readonly key?: string; readonly error?: unknown }
      if (type === 'loadFailed') heard.push([key, (error as { readonly key?: string }).key])
    }
    subscribe('holdfast:cache', note)
    onTestFinished(() => void unsubscribe('holdfast:cache', note))
    const { runtime, cache } = world()
    const one = cache({ hardTimeoutMs: 1_000 })
    const { load, started } = slowLoad<Map<string, unknown>>()
    const many = one.getOrCreateMany(['a', 'b', 'c'], (_, context) => load(context))
    await waiting(many)
    await started
    const joined = one.getOrCreate('c', () => 'unused')
    await waiting(joined)
    await runtime.advance(1_000)
    await expect(many).rejects.toMatchObject({ code: 'LOAD_TIMEOUT', key: 'a' })
    await expect(joined).rejects.toMatchObject({ code: 'LOAD_TIMEOUT', key: 'c' })
    expect(heard).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c', 'c'],
    ])
    expect(one.stats()).toMatchObject({ loads: 3, loadFailures: 3 })
  })

  it('encodes each value once, also one that is too large or cannot be encoded', async () => {
    const { cache, storage } = world()
    const encoded = new Map<unknown, number>()
    const codec = {
      ...jsonCodec,
      encode(value: unknown) {
        encoded.set(value, (encoded.get(value) ?? 0) + 1)
        if (value === 'bad') throw new TypeError('not that one')
        return jsonCodec.encode(value)
      },
    }
    const one = cache({ codec, maxValueBytes: 100 })
    const values = new Map([
      ['plain', 'small'],
      ['long', 'x'.repeat(90)],
      ['large', 'x'.repeat(200)],
      ['bad', 'bad'],
    ])
    const many = one.getOrCreateMany([...values.keys()], () => values)
    await expect(many).rejects.toThrow('not that one')
    expect([...encoded]).toEqual([...values.values()].map((value) => [value, 1]))
    expect(await cache().getMany([...values.keys()])).toEqual(
      new Map([
        ['plain', 'small'],
        ['long', 'x'.repeat(90)],
      ]),
    )
    expect(await storage.values.getMany(['app::large', 'app::bad'])).toEqual([null, null])
    expect(one.stats()).toMatchObject({ oversize: 1 })
  })
})
