import { ioredisStorage } from '@holdfast/redis-ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { addReader, openShop } from '../shop.ts'

const shop = await openShop()
const { cache } = shop.holdfast
/** The cache gives a call 250 ms, which a busy machine may use up. */
const PATIENT = { timeout: 120_000 }

beforeAll(async () => {
  await addReader(shop)
  await vi.waitFor(() => cache.set('price:42', { eur: 19.9 }, { tags: ['bank'] }), PATIENT)
  await vi.waitFor(() => cache.namespace('de').namespace('old').set('x', 'hello\u001b[2J'), PATIENT)
  await vi.waitFor(() => cache.define('user', { version: 2 }).set('ada', { name: 'Ada' }), PATIENT)
  await vi.waitFor(() => cache.increment('visits', 41), PATIENT)
  await shop.admin.set(Buffer.from('holdfast:v:shop::\xff', 'latin1'), 'of another program')
  await ioredisStorage(shop.admin).values.set('shop::newer', `V2${'x'.repeat(60)}`, 600_000, Infinity)
})
afterAll(async () => await shop[Symbol.asyncDispose]())

describe('holdfast cache', () => {
  it('size counts entries and bytes by namespace', async () => {
    const { code, out, err } = await shop.runAs('reader', 'cache', 'size')
    expect(code, err).toBe(0)
    expect(out).toMatch(/^NAMESPACE +ENTRIES +MEMORY\n/)
    expect(out).toMatch(/^\(no namespace\) +4 +\d+ B$/m)
    expect(out).toMatch(/^de\/old +1 +\d+ B$/m)
    expect(out).toMatch(/^=user@2 +1 +\d+ B$/m)
    expect(err).toMatch(
      /^looked at all \d+ keys; entries that a clear or a tag has ended are counted until they expire\n1 key could not be measured: [^\n]*\n$/,
    )
  })

  it('size goes on without what it may not ask', async () => {
    await shop.admin.call(
      'ACL',
      'SETUSER',
      'less',
      'on',
      '>secret',
      '~*',
      '+@read',
      '+@connection',
      '-memory',
    )
    const { code, out, err } = await shop.runAs('less', 'cache', 'size', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      schema: 1,
      namespaces: expect.arrayContaining([{ namespace: 'de/old', entries: 1, bytes: null, unmeasured: 0 }]),
    })
    expect(err).toMatch(/^MEMORY USAGE is refused /)
  })

  it('get shows a value, and why one does not count', async () => {
    const price = await shop.run('cache', 'get', 'price:42')
    expect(price.code).toBe(0)
    expect(price.out).toMatch(
      /^price:42: fresh\nwritten +\S+Z, \d+ m?s ago\nfresh for +.*\ntags +bank\n\n\{"eur":19\.9\}\n$/,
    )
    const ada = await shop.run('cache', 'get', 'ada', '--namespace', '=user@2', '--json')
    expect(JSON.parse(ada.out)).toMatchObject({ schema: 1, state: 'fresh', value: { name: 'Ada' } })
    const evil = await shop.run('cache', 'get', 'x', '--namespace', 'de/old')
    expect(evil.out).toContain('"hello\\u001b[2J"')
    const newer = await shop.run('cache', 'get', 'newer')
    expect([newer.code, newer.out]).toEqual([
      1,
      'newer: an entry of another version of Holdfast (V2), a miss for this one\n',
    ])
    const none = await shop.run('cache', 'get', 'none')
    expect([none.code, none.err]).toEqual([
      1,
      'holdfast: The cache has no none. holdfast cache size shows the namespaces (--namespace).\n',
    ])
  })

  it('remove and clear change what they say, and nothing without --yes', async () => {
    const unasked = await shop.run('cache', 'clear')
    expect([unasked.code, await cache.get('price:42')]).toEqual([2, { eur: 19.9 }])
    const removed = await shop.run('cache', 'remove', 'price:42', 'none', '--yes')
    expect([removed.code, removed.out]).toEqual([0, '1 entry removed.\n'])
    expect(await cache.get('price:42')).toBeUndefined()
    const ada = await shop.run('cache', 'remove', 'ada', '--namespace', '=user@2', '--yes')
    expect(ada.code).toBe(0)
    await vi.waitFor(() => cache.set('kept', 1), PATIENT)
    const cleared = await shop.run('cache', 'clear', '--namespace', 'de', '--yes')
    expect(cleared.code).toBe(0)
    expect(await cache.namespace('de').namespace('old').get('x')).toBeUndefined()
    expect(await cache.get('kept')).toBe(1)
    for (const [args, says] of [
      [
        ['--prefix', 'sohp'],
        /under the prefix sohp that counts\. Nothing was changed\. No key .* Prefixes that have: shop;/,
      ],
      [
        ['--namespace', 'typo'],
        /in the namespace typo that counts\. Nothing was changed\. holdfast cache size /,
      ],
    ] as const) {
      const before = await shop.admin.keys('*')
      const mistyped = await shop.run('cache', 'clear', '--yes', ...args)
      expect([mistyped.code, mistyped.out, mistyped.err]).toEqual([1, '', expect.stringMatching(says)])
      // Some keys end by themselves.
      expect(before).toEqual(expect.arrayContaining(await shop.admin.keys('*')))
      expect(await cache.get('kept')).toBe(1)
    }
    const definition = await shop.run('cache', 'clear', '--namespace', '=user@2', '--yes')
    expect(definition.code).toBe(2)
  })
})
