import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type NearEvent, createCache, createHoldfast, memoryStorage } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { NearSpace } from '../../../src/cache/near/near-space.ts'
import { faultyStorage } from '../../../src/testing/index.ts'
import { manualRuntime } from '../../manual-runtime.ts'
import { warm } from './world.ts'

const storage = memoryStorage()
const refusal = (message: RegExp): Error =>
  expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message) as string,
  }) as Error
const wrong = (near: unknown): never => ({ near }) as never

const refused: readonly (readonly [near: unknown, message: RegExp])[] = [
  ['yes', /near must be true, false or/],
  [null, /near must be true, false or/],
  [[], /near must be true, false or/],
  [{ maxEntrys: 1 }, /`\S*near.maxEntrys`; did you mean `\S*near.maxEntries`/],
  [{ maxEntries: 0 }, /near.maxEntries/],
  [{ maxEntries: 10_000_001 }, /near.maxEntries/],
  [{ maxBytes: 1_023 }, /near.maxBytes/],
  [{ maxStaleMs: 99 }, /near.maxStaleMs/],
  [{ maxStaleMs: 60_001 }, /near.maxStaleMs/],
  [{ ttlMs: 0 }, /near.ttlMs/],
]

describe('a near cache', () => {
  it.each(refused)('refuses %j wherever it is given', (near, message) => {
    const cache = createCache(storage)
    expect(() => createHoldfast({ storage, cache: wrong(near) })).toThrow(refusal(message))
    expect(() => createCache(storage, wrong(near))).toThrow(refusal(message))
    expect(() => cache.namespace('n', wrong(near))).toThrow(refusal(message))
    expect(() => cache.define('d', wrong(near))).toThrow(refusal(message))
  })

  it('refuses a storage that reports nothing, and names those that do', () => {
    const { invalidations: _, ...values } = storage.values
    const deaf = { ...storage, values }
    const without = createCache(deaf)
    const message = refusal(/near needs a storage .*ioredisStorage/)
    expect(() => createHoldfast({ storage: deaf, cache: { near: true } })).toThrow(message)
    expect(() => createHoldfast({ storage, cacheStorage: deaf, cache: { near: true } })).toThrow(message)
    expect(() => createCache(deaf, { near: true })).toThrow(message)
    expect(() => without.namespace('n', { near: true })).toThrow(message)
    expect(() => without.define('d', { near: {} })).toThrow(message)
  })

  it('refuses wrong arguments of a call that would hit', async () => {
    const runtime = manualRuntime()
    const cache = createCache(memoryStorage({ now: () => runtime.wallNow() }), { near: true, runtime })
    await cache.set('k', 1)
    await warm(cache, 'k')
    expect(cache.peek('k')).toBe(1)
    await expect(cache.get('k', { near: 1 } as never)).rejects.toThrow(refusal(/near must be true or false/))
    await expect(cache.get('k', { onOutgae: 'miss' } as never)).rejects.toThrow(refusal(/onOutage/))
    await expect(cache.getOrCreate('k', 1 as never)).rejects.toThrow(refusal(/load must be a function/))
    await expect(cache.getOrCreate('k', () => 1, { ttl: 1 } as never)).rejects.toThrow(refusal(/ttlMs/))
    await expect(cache.set('k', 1, { near: false } as never)).rejects.toThrow(
      refusal(/Unknown option `near`/),
    )
    expect(() => cache.peek('')).toThrow(refusal(/key must be/))
    expect(() => cache.peek(1 as never)).toThrow(refusal(/key must be/))
  })

  it('says on its channel when its link comes and goes, and ends with the cache', async () => {
    const events: NearEvent[] = []
    const listener = (event: unknown): void => void events.push(event as NearEvent)
    subscribe('holdfast:near', listener)
    const link = faultyStorage(memoryStorage())
    const cache = createCache(link, { near: true, prefix: 'p', instance: 'i' })
    await warm(cache, 'k')
    link.disconnect()
    link.reconnect()
    await warm(cache, 'k')
    await cache.close()
    link.disconnect()
    unsubscribe('holdfast:near', listener)
    const of = { prefix: 'p', instance: 'i' }
    expect(events).toEqual([
      { ...of, type: 'up' },
      { ...of, type: 'down' },
      { ...of, type: 'up' },
    ])
  })

  it('leaves no marker behind, whatever becomes of a read', async () => {
    const spaces = new Set<NearSpace>()
    // oxlint-disable-next-line typescript/unbound-method -- it is called with its space below
    const { enter } = NearSpace.prototype
    NearSpace.prototype.enter = function (key) {
      spaces.add(this)
      return enter.call(this, key)
    }
    try {
      const runtime = manualRuntime()
      const link = faultyStorage(memoryStorage({ now: () => runtime.wallNow() }))
      const cache = createCache(link, { near: true, runtime })
      await warm(cache, 'k')
      const reads = [
        cache.get('k'),
        cache.getMany(['k', 'l']),
        cache.getOrCreate('l', () => 1),
        cache.getOrCreate('m', () => 1, { signal: AbortSignal.abort() }),
      ]
      link.disconnect()
      const settled = Promise.allSettled(reads)
      await runtime.advance(500)
      expect((await settled).map(({ status }) => status)).toContain('rejected')
      link.reconnect()
      await runtime.advance(5_000)
      await Promise.all([cache.get('k'), cache.get('k'), cache.getMany(['k', 'l'])])
      await Promise.all([cache.get('k'), cache.get('k'), cache.getMany(['k', 'l'])])
      expect(spaces.size).toBe(1)
      for (const space of spaces) expect([...space.markers.keys()]).toEqual([])
    } finally {
      NearSpace.prototype.enter = enter
    }
  })
})
