import { describe, expect, it } from 'vitest'
import { type Cache, compressedCodec, createCache, jsonCodec, memoryStorage } from '@holdfast/core'
import type { Storage } from '@holdfast/core/storage'

describe('hashes', () => {
  it.each([
    0,
    '',
    false,
    null,
    [1],
    { a: { b: 1 } },
    new Date(0),
    10n,
    new Map([['k', 1]]),
    Buffer.from('b'),
  ])('give value %# back', async (value) => {
    const storage = memoryStorage()
    const [one, other] = [createCache(storage), createCache(storage)]
    await one.hashSet('h', 'field', value)
    expect(await other.hashGet('h', 'field')).toEqual(value)
    expect(await other.hashGetAll('h')).toEqual({ field: value })
  })

  it('set one field or many, and leave the others', async () => {
    const cache = createCache(memoryStorage())
    await cache.hashSet('h', { a: 1, b: 2 })
    await cache.hashSet('h', 'b', 3)
    await cache.hashSet('h', { c: 4 })
    expect(await cache.hashGetAll('h')).toEqual({ a: 1, b: 3, c: 4 })
    expect(await cache.hashGet('h', 'none')).toBeUndefined()
    expect(await cache.hashGet('none', 'a')).toBeUndefined()
    expect(await cache.hashGetAll('none')).toEqual({})
    await cache.increment('counter')
    await cache.hashSet('counter', {})
    await cache.hashSet('empty', {})
    expect(await cache.remove(['h', 'empty'])).toBe(1)
  })

  it('delete fields, and count those that were there', async () => {
    const cache = createCache(memoryStorage())
    await cache.hashSet('h', { a: 1, b: 2, c: 3 })
    expect(await cache.hashDelete('h', 'a')).toBe(1)
    expect(await cache.hashDelete('h', ['a', 'b', 'none'])).toBe(1)
    expect(await cache.hashDelete('h', [])).toBe(0)
    expect(await cache.hashGetAll('h')).toEqual({ c: 3 })
    expect(await cache.hashDelete('h', 'c')).toBe(1)
    expect(await cache.remove('h')).toBe(0)
  })

  it('keep a field that is called __proto__, or as what all objects have', async () => {
    const cache = createCache(memoryStorage())
    const fields = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1,"toString":2}') as object
    await cache.hashSet('h', { ...fields })
    const all = await cache.hashGetAll<{ isAdmin?: boolean }>('h')
    expect(Object.keys(all).sort()).toEqual(['__proto__', 'constructor', 'toString'])
    expect((all as { isAdmin?: boolean }).isAdmin).toBeUndefined()
    expect(await cache.hashGet('h', '__proto__')).toEqual({ isAdmin: true })
  })

  it('live for `ttlMs`, from the first write or from each', async () => {
    let now = 1_700_000_000_000
    const cache = createCache(memoryStorage({ now: () => now }))
    await cache.hashSet('create', 'a', 1, { ttlMs: 1_000 })
    await cache.hashSet('always', { a: 1 }, { ttlMs: 1_000 })
    now += 900
    await cache.hashSet('create', 'b', 2, { ttlMs: 1_000, ttlOn: 'create' })
    await cache.hashSet('always', { b: 2 }, { ttlMs: 1_000, ttlOn: 'always' })
    now += 200
    expect(await cache.hashGetAll('create')).toEqual({})
    expect(await cache.hashGetAll('always')).toEqual({ a: 1, b: 2 })
  })

  it('show no field that cannot be read, and count it', async () => {
    const storage = memoryStorage()
    const broken = { encode: () => 'no json', decode: JSON.parse }
    await createCache(storage, { codec: { name: 'json', ...broken } as never }).hashSet('h', 'bad', 1)
    const cache = createCache(storage)
    await cache.hashSet('h', 'good', 1)
    expect(await cache.hashGetAll('h')).toEqual({ good: 1 })
    expect(await cache.hashGet('h', 'bad')).toBeUndefined()
    expect(cache.stats().unreadable).toBe(2)
  })

  it('carry what a codec compresses, beside what it does not', async () => {
    const storage = memoryStorage()
    const cache = createCache(storage, { codec: compressedCodec(jsonCodec, { overBytes: 100 }) })
    const fields = { short: ['ü'], long: 'ü'.repeat(1_000) }
    await cache.hashSet('h', fields)
    expect(await cache.hashGet('h', 'long')).toBe(fields.long)
    expect(await cache.hashGetAll('h')).toEqual(fields)
    // One codec does not take for its own what another has stored.
    const plain = createCache(storage)
    expect(await plain.hashGetAll('h')).toEqual({})
    await plain.hashSet('h', 'plain', 1)
    expect(await cache.hashGetAll('h')).toEqual(fields)
    expect([plain.stats().unreadable, cache.stats().unreadable]).toEqual([2, 1])
  })

  it('reject with STORAGE_REFUSED where something else is, and leave it', async () => {
    const cache = createCache(memoryStorage())
    await cache.set('value', 1)
    await cache.increment('counter')
    const refused = { code: 'STORAGE_REFUSED' }
    for (const key of ['value', 'counter']) {
      await expect(cache.hashSet(key, 'a', 1)).rejects.toMatchObject(refused)
      await expect(cache.hashGet(key, 'a')).rejects.toMatchObject(refused)
      await expect(cache.hashGetAll(key)).rejects.toMatchObject(refused)
      await expect(cache.hashDelete(key, 'a')).rejects.toMatchObject(refused)
    }
    expect(await cache.get('value')).toBe(1)
    expect(await cache.increment('counter')).toBe(2)
  })

  it('say what cannot be stored, and set nothing', async () => {
    const cache = createCache(memoryStorage())
    await expect(cache.hashSet('h', { a: 1, b: { c: () => 1 } })).rejects.toThrow(
      new TypeError('b.c is a function, which cannot be stored.'),
    )
    expect(await cache.hashGetAll('h')).toEqual({})
  })

  it.each([
    [/^The field "a" is undefined/, (cache: Cache) => cache.hashSet('h', 'a', undefined)],
    [/^The field "b" is undefined/, (cache: Cache) => cache.hashSet('h', { a: 1, b: undefined })],
    [/^field must be/, (cache: Cache) => cache.hashSet('h', '', 1)],
    [/^field must be/, (cache: Cache) => cache.hashSet('h', { a: 1, 'b\n': 1 })],
    [/^field must be/, (cache: Cache) => cache.hashSet('h', { '\ud800': 1 })],
    [/^field takes 2000 bytes/, (cache: Cache) => cache.hashSet('h', 'x'.repeat(2_000), 1)],
    [/^field must be/, (cache: Cache) => cache.hashGet('h', '')],
    [/^field must be/, (cache: Cache) => cache.hashGet('h', 1 as never)],
    [/^field must be/, (cache: Cache) => cache.hashDelete('h', '')],
    [/^field must be/, (cache: Cache) => cache.hashDelete('h', ['a', 1 as never])],
    [/^fields must be/, (cache: Cache) => cache.hashDelete('h', undefined as never)],
    [/^fields must be/, (cache: Cache) => cache.hashSet('h', ['a'] as never)],
    [/^fields must be/, (cache: Cache) => cache.hashSet('h', new Map() as never)],
    [/^fields must be/, (cache: Cache) => cache.hashSet('h', null as never)],
    [/^fields must be/, (cache: Cache) => cache.hashSet('h', 1 as never, 1)],
    [/^key must be/, (cache: Cache) => cache.hashSet('', 'a', 1)],
    [/^key must be/, (cache: Cache) => cache.hashGetAll('')],
    [/^ttlMs must be/, (cache: Cache) => cache.hashSet('h', 'a', 1, { ttlMs: 0 })],
    [/^ttlMs must be/, (cache: Cache) => cache.hashSet('h', { a: 1 }, { ttlMs: 1e12 })],
    [/did you mean `ttlOn`/, (cache: Cache) => cache.hashSet('h', { a: 1 }, { ttlon: 'always' } as never)],
    [/The fields take 102 bytes; at most 100/, (cache: Cache) => cache.hashSet('h', 'a', 'x'.repeat(100))],
  ])('refuse bad input before anything is sent: %s %#', async (message, call) => {
    const storage = memoryStorage()
    let sent = 0
    const hashes = new Proxy(storage.values.hashes, {
      get: () => () => {
        sent += 1
        return Promise.reject(new Error('sent'))
      },
    })
    const watched: Storage = { ...storage, values: { ...storage.values, hashes } }
    const cache = createCache(watched, { maxValueBytes: 100 })
    await expect(call(cache)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    })
    expect(sent).toBe(0)
  })
})
