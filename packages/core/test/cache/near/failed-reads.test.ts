import { type Cache, StorageUnavailableError, createCache, memoryStorage } from '@holdfast/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NearSpace } from '../../../src/cache/near/near-space.ts'
import { manualRuntime } from '../../manual-runtime.ts'
import { warm } from './world.ts'

/** How many reads the near caches of this file believe to be under way. */
function watchMarkers(): { readonly count: () => number; readonly stop: () => void } {
  const spaces = new Set<NearSpace>()
  const { enter } = NearSpace.prototype
  NearSpace.prototype.enter = function (this: NearSpace, key) {
    spaces.add(this)
    return enter.call(this, key)
  }
  return {
    count: () => [...spaces].reduce((sum, { markers }) => sum + markers.size, 0),
    stop: () => void (NearSpace.prototype.enter = enter),
  }
}

const noSource = (): Promise<never> => Promise.reject(new Error('no source'))

const reads: Readonly<Record<string, (near: Cache, signal: AbortSignal) => Promise<unknown>>> = {
  get: (near) => near.get('other'),
  getMany: (near) => near.getMany(['other', 'another']),
  getEntry: (near) => near.getEntry('other'),
  getOrCreate: (near) => near.getOrCreate('other', noSource),
  getOrCreateMany: (near) => near.getOrCreateMany(['other'], noSource),
  'getOrCreate, aborted': (near, signal) => near.getOrCreate('other', noSource, { signal }),
}

// No history of the simulator can show this: a marker that is left behind takes memory, and makes no answer wrong.
// Loads drop what a process keeps of their key, and so markers as well.
describe('a read that fails leaves no marker', () => {
  it.each(Object.entries(reads))('%s', async (what, read) => {
    const markers = watchMarkers()
    onTestFinished(markers.stop)
    const runtime = manualRuntime()
    const memory = memoryStorage({ now: () => runtime.wallNow() })
    let isSilent = false
    // The link stays up: with its loss all markers go.
    const getMany = async (keys: readonly string[]): Promise<readonly (string | null)[]> =>
      await (isSilent ? new Promise<never>(() => {}) : memory.values.getMany(keys))
    const storage = { ...memory, values: { ...memory.values, getMany } }
    const near = createCache(storage, { near: true, jitter: 0, runtime })
    await near.set('k', 1)
    await warm(near, 'k')
    isSilent = true
    const aborted = new AbortController()
    const failed = read(near, aborted.signal).catch((error: unknown) => error)
    expect(markers.count()).toBeGreaterThan(0)
    if (what.endsWith('aborted')) aborted.abort()
    await runtime.advance(250)
    expect(await failed).toBeInstanceOf(Error)
    expect(markers.count()).toBe(0)
    expect(near.stats().near).toMatchObject({ live: true, linkLosses: 0 })
  })
})

describe('a process that does not know the time of its storage', () => {
  it('reads as soon as the storage is well after an outage: the question for the time does not go before', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage({ now: () => runtime.wallNow() })
    let isOut = true
    const time = (): Promise<number> =>
      isOut ? Promise.reject(new StorageUnavailableError('Gone.', { maybeApplied: false })) : memory.time()
    const getMany: typeof memory.values.getMany = (keys) =>
      isOut ? new Promise<never>(() => {}) : memory.values.getMany(keys)
    // No link is ever up.
    const invalidations = { follow: () => ({ prove: () => undefined, stop: () => undefined }) as never }
    const near = createCache(
      { ...memory, time, values: { ...memory.values, getMany, invalidations } },
      { near: true, runtime },
    )
    await createCache(memory, { runtime }).set('a', 1)
    const failed = near.get('a').catch((error: unknown) => error)
    await runtime.advance(250)
    expect(await failed).toBeInstanceOf(StorageUnavailableError)
    isOut = false
    await runtime.advance(400)
    expect(await near.get('a')).toBe(1)
  })
})
