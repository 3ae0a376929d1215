import { describe, expect, it } from 'vitest'
import { type Cache, StorageUnavailableError, createCache, memoryStorage } from '@holdfast/core'
import type { AddReply, CounterStorage, Storage } from '@holdfast/core/storage'
import { manualRuntime, settle } from '../manual-runtime.ts'

const MAX = Number.MAX_SAFE_INTEGER
type Add = Parameters<CounterStorage['add']>

/** A storage whose counters answer as `add` says. */
function storageWith(add: (real: CounterStorage['add'], ...args: Add) => Promise<AddReply>): Storage {
  const storage = memoryStorage()
  const { values } = storage
  const counters: CounterStorage = { add: (...args) => add(values.counters.add, ...args) }
  return { ...storage, values: { ...values, counters } }
}

/** Loses the answers of the first `count` additions, which are executed. */
function losing(count: number): { readonly storage: Storage; readonly operations: string[] } {
  const operations: string[] = []
  const storage = storageWith(async (real, ...args) => {
    operations.push(args[2])
    const reply = await real(...args)
    if (operations.length > count) return reply
    throw new StorageUnavailableError('The answer was lost.', { maybeApplied: true })
  })
  return { storage, operations }
}

describe('counters', () => {
  it('begin at 0, add what is given, and return the sum', async () => {
    const storage = memoryStorage()
    const [one, other] = [createCache(storage), createCache(storage)]
    expect(await one.increment('a')).toBe(1)
    expect(await other.increment('a', 41)).toBe(42)
    expect(await one.decrement('a')).toBe(41)
    expect(await one.decrement('a', 50)).toBe(-9)
    expect(await one.increment('a', 0)).toBe(-9)
    expect(await one.decrement('b', 0)).toBe(0)
  })

  it('count every one of many at a time', async () => {
    const storage = memoryStorage()
    const caches = [createCache(storage), createCache(storage)]
    const calls = Array.from({ length: 100 }, (_, i) => (caches[i % 2] as Cache).increment('a', 2))
    expect(Math.max(...(await Promise.all(calls)))).toBe(200)
  })

  it('are removed like values, are no values, and are others in a namespace', async () => {
    const cache = createCache(memoryStorage())
    await cache.increment('a', 5)
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.namespace('n').increment('a')).toBe(1)
    expect(await cache.remove('a')).toBe(1)
    expect(await cache.increment('a')).toBe(1)
  })

  it('live for `ttlMs`, from their first addition or from each', async () => {
    let now = 1_700_000_000_000
    const cache = createCache(memoryStorage({ now: () => now }), { ttlMs: 500 })
    await cache.increment('create', 1, { ttlMs: 1_000 })
    await cache.increment('always', 1, { ttlMs: 1_000 })
    await cache.increment('default')
    now += 499
    expect(await cache.increment('default')).toBe(2)
    now += 1
    expect(await cache.increment('default')).toBe(1)
    now += 400
    await cache.increment('create', 1, { ttlMs: 1_000, ttlOn: 'create' })
    await cache.increment('always', 1, { ttlMs: 1_000, ttlOn: 'always' })
    now += 200
    expect(await cache.increment('create')).toBe(1)
    expect(await cache.increment('always')).toBe(3)
  })

  it('count once what is sent again because its answer was lost', async () => {
    const { storage, operations } = losing(2)
    const cache = createCache(storage)
    expect(await cache.increment('a', 7)).toBe(7)
    expect(operations.length).toBe(3)
    expect(new Set(operations).size).toBe(1)
    expect(await cache.increment('a', 1)).toBe(8)
    expect(new Set(operations).size).toBe(2)
  })

  it('say `maybeApplied` only when no sending was answered', async () => {
    const lost = createCache(losing(Infinity).storage)
    await expect(lost.increment('a')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      maybeApplied: true,
    })
    const refusing = storageWith(() =>
      Promise.reject(new StorageUnavailableError('Not now.', { maybeApplied: false })),
    )
    await expect(createCache(refusing).increment('a')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      maybeApplied: false,
    })
  })

  it('are never changed by a call after it was given up', async () => {
    const sent: (() => Promise<AddReply>)[] = []
    let now = 1_700_000_000_000
    const runtime = manualRuntime()
    const storage = memoryStorage({ now: () => now })
    const { values } = storage
    const held: Storage = {
      ...storage,
      values: {
        ...values,
        counters: {
          add: (...args) => {
            sent.push(() => values.counters.add(...args))
            return new Promise(() => undefined)
          },
        },
      },
    }
    const call = createCache(held, { runtime }).increment('a', 5)
    call.catch(() => undefined)
    await settle()
    expect(sent.length).toBe(1)
    now += 1_000
    await runtime.advance(1_000)
    await expect(call).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
    expect((await sent[0]?.())?.outcome).toBe('late')
    expect(await createCache(storage).increment('a', 0)).toBe(0)
  })

  it('reject what would leave the safe integers, and stay as they are', async () => {
    const cache = createCache(memoryStorage())
    await cache.increment('a', MAX)
    await expect(cache.increment('a')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/counter "a" would leave the safe integers/) as string,
    })
    expect(await cache.decrement('a', 1)).toBe(MAX - 1)
    await cache.decrement('b', MAX)
    await expect(cache.decrement('b')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await cache.increment('b', 0)).toBe(-MAX)
  })

  it('reject with STORAGE_REFUSED where something else is, and leave it', async () => {
    const cache = createCache(memoryStorage())
    await cache.set('value', 1)
    await cache.hashSet('hash', 'field', 1)
    for (const key of ['value', 'hash'])
      await expect(cache.increment(key)).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    expect(await cache.get('value')).toBe(1)
    expect(await cache.hashGetAll('hash')).toEqual({ field: 1 })
  })

  it.each([
    [/^by must be a whole number/, (cache: Cache) => cache.increment('a', 1.5)],
    [/^by must be/, (cache: Cache) => cache.increment('a', Number.NaN)],
    [/^by must be/, (cache: Cache) => cache.increment('a', Infinity)],
    [/^by must be/, (cache: Cache) => cache.increment('a', 2 ** 53)],
    [/^by must be/, (cache: Cache) => cache.decrement('a', -(2 ** 53))],
    [/^by must be/, (cache: Cache) => cache.increment('a', '1' as never)],
    [/^by must be/, (cache: Cache) => cache.increment('a', null as never)],
    [/^by must be/, (cache: Cache) => cache.increment('a', { ttlMs: 1 } as never)],
    [/^key must be/, (cache: Cache) => cache.increment('')],
    [/^key must be/, (cache: Cache) => cache.increment('a\n')],
    [/^ttlMs must be/, (cache: Cache) => cache.increment('a', 1, { ttlMs: 0 })],
    [/^ttlMs must be/, (cache: Cache) => cache.increment('a', 1, { ttlMs: '1s' as never })],
    [
      /^ttlOn must be 'create' or 'always'/,
      (cache: Cache) => cache.decrement('a', 1, { ttlOn: 'on' as never }),
    ],
    [/did you mean `ttlMs`/, (cache: Cache) => cache.increment('a', 1, { ttl: 1 } as never)],
  ])('refuse bad input before anything is sent: %s %#', async (message, call) => {
    let sent = 0
    const storage = storageWith(() => {
      sent += 1
      return Promise.reject(new Error('sent'))
    })
    await expect(call(createCache(storage))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    })
    expect(sent).toBe(0)
  })
})
