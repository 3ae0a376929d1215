/** What operators see of a key of the cache, whatever codec made it. */
import { compressedCodec, createHoldfast, jsonCodec, memoryStorage } from '@holdfast/core'
import { type InspectedEntry, inspectEntry, lockOf, prefixOf, readCacheKey } from '@holdfast/core/storage'
import { describe, expect, it } from 'vitest'

function openShop() {
  const storage = memoryStorage()
  const { cache } = createHoldfast({ storage, prefix: 'shop' })
  const inspect = async (path: string, key: string, inMs = 0): Promise<InspectedEntry> =>
    await inspectEntry(storage.values, { app: 'shop', path, key }, (await storage.time()) + inMs)
  return { storage, cache, inspect }
}

describe('inspectEntry', () => {
  it('shows an entry of any namespace, definition and codec, with its tags', async () => {
    const { cache, inspect } = openShop()
    await cache.set('price:42', 19.9, { ttlMs: 60_000, staleMs: 1_000, tags: ['bank', 'a,b'] })
    expect(await inspect('', 'price:42')).toMatchObject({
      state: 'fresh',
      ttlMs: expect.any(Number),
      staleMs: 1_000,
      tags: ['bank', 'a,b'],
      codec: undefined,
      payload: '19.9',
    })
    await cache.namespace('de').namespace('o/ld').set('x', 'hello')
    expect(await inspect('de/o%2fld', 'x')).toMatchObject({ state: 'fresh', payload: '"hello"' })
    await cache.namespace('de').define('user', { version: 2 }).set('ada', { name: 'Ada' })
    expect(await inspect('de/=user@2', 'ada')).toMatchObject({ state: 'fresh', payload: '{"name":"Ada"}' })
    const codec = compressedCodec(jsonCodec)
    await cache.namespace('packed', { codec }).set('x', 'x'.repeat(5_000), { tags: ['bank'] })
    const packed = await inspect('packed', 'x')
    expect(packed).toMatchObject({ state: 'fresh', tags: ['bank'], codec: codec.name })
    expect('payload' in packed && codec.decode(packed.payload as never)).toBe('x'.repeat(5_000))
  })

  it('says why an entry does not count', async () => {
    const { cache, inspect } = openShop()
    const state = async (path: string, key: string, inMs?: number): Promise<string> =>
      (await inspect(path, key, inMs)).state
    await cache.set('a', 1, { ttlMs: 1_000, staleMs: 60_000 })
    expect(await state('', 'a')).toBe('fresh')
    expect(await state('', 'a', 1_001)).toBe('stale')
    await cache.expire('a')
    expect(await state('', 'a')).toBe('stale')
    const de = cache.namespace('de')
    await de.set('tagged', 1, { tags: ['bank'] })
    await de.invalidateTags(['bank'])
    expect(await state('de', 'tagged')).toBe('invalidated')
    await de.set('b', 1)
    await cache.clear()
    expect(await state('de', 'b')).toBe('invalidated')
  })

  it('tells apart what is no entry', async () => {
    const { storage, cache, inspect } = openShop()
    let end = (): void => {}
    const loading = cache.getOrCreate(
      'slow',
      () => new Promise<number>((resolve) => (end = () => resolve(1))),
    )
    await expect.poll(() => inspect('', 'slow')).toEqual({ state: 'loading' })
    end()
    await loading
    await storage.values.set('shop::newer', `V2${'x'.repeat(60)}`, 60_000, Infinity)
    expect(await inspect('', 'newer')).toEqual({ state: 'otherVersion', version: 'V2' })
    await cache.increment('visits', 41)
    expect(await inspect('', 'visits')).toMatchObject({ state: 'foreign' })
    await cache.hashSet('cart', 'apples', 3)
    expect(await inspect('', 'cart')).toEqual({ state: 'absent' })
    expect(await inspect('', 'none')).toEqual({ state: 'absent' })
  })
})

describe('the names in keys', () => {
  it.each([
    ['shop::price:42', { kind: 'value', path: '', key: 'price:42' }],
    ['shop:de/old:x', { kind: 'value', path: 'de/old', key: 'x' }],
    ['shop:=user@2:ada', { kind: 'value', path: '=user@2', key: 'ada' }],
    ['shop:#g/de', { kind: 'internal', path: 'de', key: '' }],
    ['shop:#t/de:bank', { kind: 'internal', path: 'de', key: 'bank' }],
    ['shop::visits\n3', { kind: 'internal', path: '', key: 'visits\n3' }],
    ['other::x', undefined],
    ['shop:x', undefined],
  ])('%j', (key, read) => {
    expect(readCacheKey('shop', key)).toEqual(read)
  })

  it('of leases and apps', () => {
    expect(lockOf('shop', 'shop:lock:a:b')).toEqual({ kind: 'lock', name: 'a:b' })
    expect(lockOf('shop', 'shop:semaphore:gpu')).toEqual({ kind: 'semaphore', name: 'gpu' })
    expect(lockOf('shop', 'shop2:lock:a')).toBeUndefined()
    expect(prefixOf('eu%3Ashop%25')).toBe('eu:shop%')
  })
})
