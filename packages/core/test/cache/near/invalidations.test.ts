import { describe, expect, it } from 'vitest'
import { createCache, memoryStorage } from '@holdfast/core'
import { manualRuntime } from '../../manual-runtime.ts'
import { faultyStorage } from '../../../src/testing/index.ts'
import { counted, nearWorld, warm } from './world.ts'

describe('what a process keeps', () => {
  it('goes with every change that another process makes', async () => {
    const { near, other } = nearWorld()
    const changes: Record<string, () => Promise<unknown>> = {
      set: () => other.set('k', 2),
      remove: () => other.remove('k'),
      expire: () => other.expire('k'),
      pattern: () => other.removeByPattern('k*'),
      load: () => other.getOrCreate('k', () => 2, { refresh: true }),
    }
    for (const [what, change] of Object.entries(changes)) {
      await other.set('k', 1)
      await warm(near, 'k')
      expect(near.peek('k'), what).toBe(1)
      await change()
      expect(near.peek('k'), what).toBeUndefined()
    }
  })

  it('goes with every change that the process makes itself, by another cache object as well', async () => {
    const { near } = nearWorld()
    const n = near.namespace('n')
    const same = near.namespace('n')
    const not = near.namespace('n', { near: false })
    for (const change of [
      () => same.set('k', 2),
      () => not.remove('k'),
      () => n.expire('k'),
      () => not.clear(),
      () => not.removeByPattern('*'),
      () => n.getOrCreate('k', () => 3, { refresh: true }),
    ]) {
      await n.set('k', 1)
      await warm(n, 'k')
      expect([n.peek('k'), same.peek('k')]).toEqual([1, 1])
      await change()
      expect([n.peek('k'), same.peek('k')]).toEqual([undefined, undefined])
    }
  })

  it('goes with its tag and its namespace, and stays when these only live longer', async () => {
    const { near, other } = nearWorld()
    const [mine, theirs] = [near.namespace('n'), other.namespace('n')]
    await theirs.set('k', 1, { tags: ['t'] })
    await theirs.set('l', 1)
    await warm(mine, 'k', 'l')
    await theirs.set('m', 1, { tags: ['t'], ttlMs: 10 * 300_000 })
    // Prolonged: unproven, and proven by one read of any entry of the namespace.
    expect([mine.peek('k'), mine.peek('l')]).toEqual([undefined, undefined])
    await mine.get('l')
    expect([mine.peek('k'), mine.peek('l')]).toEqual([undefined, 1])
    await mine.get('k')
    expect([mine.peek('k'), mine.peek('l')]).toEqual([1, 1])
    await theirs.invalidateTags(['t'])
    expect([mine.peek('k'), mine.peek('l')]).toEqual([undefined, 1])
    expect(await mine.get('k')).toBeUndefined()
    await other.clear()
    expect(mine.peek('l')).toBeUndefined()
    expect(await mine.get('l')).toBeUndefined()
  })

  it('stays when another namespace is cleared, or has a tag of the same name', async () => {
    const { near, other } = nearWorld()
    const [mine, theirs] = [near.namespace('n'), other.namespace('n')]
    await theirs.set('k', 1, { tags: ['t'] })
    await warm(mine, 'k')
    for (const change of [
      () => other.namespace('n2').clear(),
      () => other.namespace('m').invalidateTags(['t']),
      () => other.namespace('m').remove('k'),
      () => other.remove('k'),
    ]) {
      await change()
      expect(mine.peek('k'), change.toString()).toBe(1)
    }
    await theirs.clear()
    expect(mine.peek('k')).toBeUndefined()
  })

  it('reads nothing when it hears of a change: only who asks does', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage({ now: () => runtime.wallNow() })
    const { storage, reads } = counted(memory)
    const near = createCache(storage, { near: true, jitter: 0, runtime })
    const other = createCache(memory, { jitter: 0, runtime })
    const keys = Array.from({ length: 20 }, (_, i) => `${i}`)
    for (const key of keys) await other.set(key, 1)
    await warm(near, ...keys)
    const before = reads()
    for (const key of keys) await other.set(key, 2)
    await other.clear()
    await runtime.advance(2_000)
    expect(reads()).toBe(before)
    expect(keys.map((key) => near.peek(key))).toEqual(keys.map(() => undefined))
    await near.get('0')
    expect(reads()).toBe(before + 1)
  })

  it('is not what was on its way while it was changed', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage({ now: () => runtime.wallNow() })
    let hold: Promise<void> | undefined
    const storage = {
      ...memory,
      values: {
        ...memory.values,
        getMany: async (keys: readonly string[]) => {
          const found = await memory.values.getMany(keys)
          await hold
          return found
        },
      },
    }
    const near = createCache(storage, { near: true, jitter: 0, runtime })
    const other = createCache(memory, { jitter: 0, runtime })
    await other.set('k', 1)
    await warm(near, 'k')
    await other.set('k', 2)
    let release!: () => void
    hold = new Promise((resolve) => (release = resolve))
    const [first, second] = [near.get('k'), near.get('k')]
    await new Promise((resolve) => setImmediate(resolve))
    await other.set('k', 3)
    release()
    expect([await first, await second]).toEqual([2, 2])
    expect(near.peek('k')).toBeUndefined()
    expect(near.stats().near).toMatchObject({ refused: 2 })
    expect(await near.get('k')).toBe(3)
    expect(near.peek('k')).toBe(3)
  })

  it('counts for nothing once the link is lost, and is read anew when it is back', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage({ now: () => runtime.wallNow() })
    const link = faultyStorage(memory)
    const near = createCache(link, { near: true, jitter: 0, runtime })
    const other = createCache(memory, { jitter: 0, runtime })
    await other.set('k', 1)
    await warm(near, 'k')
    expect(near.peek('k')).toBe(1)
    link.disconnect()
    await other.set('k', 2)
    expect(near.peek('k')).toBeUndefined()
    // As degraded memory, for five seconds.
    const during = near.getOrCreate('k', () => 'loaded')
    await runtime.advance(250)
    expect(await during).toBe(1)
    await runtime.advance(4_750)
    const after = near.getOrCreate('k', () => 'loaded')
    await runtime.advance(250)
    expect(await after).toBe('loaded')
    link.reconnect()
    await runtime.advance(5_000)
    expect(await near.get('k')).toBe(2)
    await near.get('k')
    expect(near.peek('k')).toBe(2)
    expect(near.stats().near).toMatchObject({ linkLosses: 1, live: true })
    await near.close()
    expect(near.peek('k')).toBeUndefined()
  })

  it('is bounded, and follows no more than eight namespaces, and the generations', async () => {
    const { near, other, storage } = nearWorld({ near: { maxEntries: 10 } })
    const prefixes = new Set<string>()
    const feed = storage.values.invalidations
    const follow = feed?.follow.bind(feed)
    Object.assign(feed ?? {}, {
      follow: (prefix: string, ...rest: [never, never]) => {
        prefixes.add(prefix)
        const following = follow?.(prefix, ...rest)
        return {
          stop: () => {
            prefixes.delete(prefix)
            following?.stop()
          },
        }
      },
    })
    const namespaces = Array.from({ length: 20 }, (_, i) => near.namespace(`n${i}`))
    for (const each of namespaces) {
      await each.set('k', 1)
      await warm(each, 'k')
      expect(prefixes.size).toBe(namespaces.indexOf(each) < 8 ? namespaces.indexOf(each) + 3 : 1)
    }
    for (const each of namespaces) await warm(each, 'k')
    expect([...prefixes]).toEqual(['app:'])
    const entries = namespaces.map((each) => each.stats().near?.entries ?? 0)
    expect(entries.reduce((sum, each) => sum + each, 0)).toBe(10)
    await other.namespace('n19').set('k', 2)
    expect(await namespaces[19]?.get('k')).toBe(2)
  })

  it('is let go of after a minute without a read, and followed anew by the next', async () => {
    const { near, other, runtime } = nearWorld()
    await other.set('k', 1)
    await warm(near, 'k')
    await runtime.advance(59_000)
    expect(near.peek('k')).toBe(1)
    await runtime.advance(59_000)
    expect(near.stats().near?.live).toBe(true)
    await runtime.advance(1_001)
    expect(near.stats().near).toMatchObject({ live: false, linkLosses: 0 })
    await warm(near, 'k')
    expect(near.peek('k')).toBe(1)
  })

  it('counts what its reads cost, and fails where the storage does', async () => {
    const runtime = manualRuntime()
    const { storage, reads } = counted(memoryStorage({ now: () => runtime.wallNow() }))
    const link = faultyStorage(storage)
    const near = createCache(link, { near: true, jitter: 0, runtime })
    await near.set('k', 1)
    await warm(near, 'k')
    const before = reads()
    for (let i = 0; i < 100; i += 1) await near.get('k')
    expect(reads()).toBe(before)
    link.loseNextReply()
    const failed = near.get('other').catch((error: unknown) => error)
    await runtime.advance(250)
    expect(await failed).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })
})
