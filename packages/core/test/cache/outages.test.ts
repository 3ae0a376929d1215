import { describe, expect, it } from 'vitest'
import { type Storage, StorageUnavailableError, createCache, memoryStorage } from '@holdfast/core'
import type { AddReply, CounterStorage } from '@holdfast/core/storage'
import { manualRuntime, settle } from '../manual-runtime.ts'
import { slowLoad, waiting } from './world.ts'

/** A storage that a test takes away, and caches of two processes over it, of which only the first is cut off. */
function cutOff() {
  const runtime = manualRuntime()
  const memory = memoryStorage({ now: () => runtime.wallNow() })
  let isOut = false
  const gone = (): Promise<never> =>
    Promise.reject(new StorageUnavailableError('Gone.', { maybeApplied: false }))
  const values = Object.fromEntries(
    Object.entries(memory.values).map(([name, member]: [string, unknown]) => [
      name,
      typeof member === 'function'
        ? (...args: unknown[]) => (isOut ? gone() : (member as (...given: unknown[]) => unknown)(...args))
        : member,
    ]),
  ) as unknown as Storage['values']
  const storage: Storage = { ...memory, values }
  return {
    runtime,
    storage,
    one: createCache(storage, { jitter: 0, runtime }),
    other: createCache(memory, { jitter: 0, runtime }),
    set isOut(out: boolean) {
      isOut = out
    },
  }
}

describe('a cache whose storage is out', () => {
  it('shares no load that began more than 5 s before: others may have removed its key, which this process cannot see', async () => {
    const world = cutOff()
    const { runtime, one, other } = world
    const { load, started, finish } = slowLoad<string>()
    const before = one.getOrCreate('a', load)
    await started
    await other.remove('a')
    world.isOut = true
    await runtime.advance(5_001)
    const during = one.getOrCreate('a', () => 'loaded during the outage')
    await runtime.advance(250)
    await settle()
    finish('loaded before the removal')
    expect(await during).toBe('loaded during the outage')
    await runtime.advance(250)
    expect(await before).toBe('loaded before the removal')
    expect(await one.getOrCreate('a', () => 'unused')).toBe('loaded during the outage')
  })

  it.each<[string, boolean, AddReply[]]>([
    ['what time it is', false, []],
    ['that a command came late', true, [{ outcome: 'late', now: 0 }]],
  ])(
    'drops what it kept when the storage says %s, although what it sends next is not answered',
    async (_, knowsClock, replies) => {
      const world = cutOff()
      const { runtime, storage, other } = world
      const never = new Promise<never>(() => undefined)
      const add: CounterStorage['add'] = async () => replies.shift() ?? (await never)
      const one = createCache(
        { ...storage, values: { ...storage.values, counters: { add } } },
        { jitter: 0, runtime },
      )
      if (knowsClock) await one.set('b', 1)
      world.isOut = true
      const during = one.getOrCreate('a', () => 'loaded during the outage')
      await waiting(during)
      await runtime.advance(250)
      expect(await during).toBe('loaded during the outage')
      expect(await one.getOrCreate('a', () => 'unused')).toBe('loaded during the outage')
      await other.remove('a')
      world.isOut = false
      await runtime.advance(400)
      const half = one.increment('n')
      await waiting(half)
      expect(await one.getOrCreate('a', () => 'loaded after the removal')).toBe('loaded after the removal')
      await runtime.advance(250)
      await expect(half).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    },
  )

  it('gives no value of a load that began before its caller asked, once the storage answers again', async () => {
    const world = cutOff()
    const { runtime, one, other } = world
    const { load, started, finish } = slowLoad<string>()
    const before = one.getOrCreate('a', load)
    await started
    world.isOut = true
    const failing = one.get('b')
    await waiting(failing)
    await runtime.advance(250)
    await expect(failing).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    world.isOut = false
    await other.remove('a')
    const joined = one.getOrCreate('a', () => 'loaded after the removal')
    await waiting(joined)
    // What stores the value is what finds out that the storage answers.
    await runtime.advance(500)
    finish('loaded before it')
    expect(await before).toBe('loaded before it')
    expect(await joined).toBe('loaded after the removal')
    expect(one.stats()).toMatchObject({ joined: 1, fillsRefused: 1, breaker: 'closed' })
  })

  it('keeps nothing for longer because its machine slept', async () => {
    const world = cutOff()
    const { runtime, one } = world
    world.isOut = true
    const during = one.getOrCreate('a', () => 'before the sleep')
    await waiting(during)
    await runtime.advance(250)
    expect(await during).toBe('before the sleep')
    runtime.stepWall(4_000)
    expect(await one.getOrCreate('a', () => 'unused')).toBe('before the sleep')
    runtime.stepWall(-60_000)
    expect(await one.getOrCreate('a', () => 'unused')).toBe('before the sleep')
    runtime.stepWall(1_001)
    const after = one.getOrCreate('a', () => 'after the sleep')
    await waiting(after)
    await runtime.advance(250)
    expect(await after).toBe('after the sleep')
  })

  it('keeps what a call loaded that gave up before its last command did, until the storage answers', async () => {
    const world = cutOff()
    const { runtime, storage, other } = world
    const never = new Promise<never>(() => undefined)
    let isSilent = true
    const { getMany, reserve } = storage.values
    const values: Storage['values'] = {
      ...storage.values,
      getMany: async (keys) => {
        await new Promise<void>((resolve) => runtime.setTimer(100, resolve))
        return await getMany(keys)
      },
      reserve: (...args) => (isSilent ? never : reserve(...args)),
    }
    const one = createCache({ ...storage, values }, { jitter: 0, runtime })
    const ask = async (value: string): Promise<unknown> => {
      const call = one.getOrCreate('a', () => value)
      await waiting(call)
      await runtime.advance(250)
      return await call
    }
    expect(await ask('loaded without the storage')).toBe('loaded without the storage')
    expect(one.stats().breaker).toBe('closed')
    world.isOut = true
    expect(await ask('unused')).toBe('loaded without the storage')
    world.isOut = isSilent = false
    await runtime.advance(1_000)
    await other.set('a', 'set by another')
    expect(await ask('unused')).toBe('set by another')
    await other.remove('a')
    world.isOut = true
    expect(await ask('loaded after that')).toBe('loaded after that')
  })

  it('sends what is queued when it is closed, if the storage answers by then', async () => {
    const world = cutOff()
    const { runtime, one, other } = world
    await other.set('a', 1)
    world.isOut = true
    const removal = one.remove('a')
    await waiting(removal)
    await runtime.advance(250)
    await expect(removal).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', queued: true })
    world.isOut = false
    await runtime.advance(400)
    await one.close()
    expect(await other.get('a')).toBeUndefined()
  })

  it('says nothing of a set that it did not store', async () => {
    const world = cutOff()
    const { runtime, one } = world
    world.isOut = true
    const set = one.set('a', 1, { onOutage: 'miss' })
    await waiting(set)
    await runtime.advance(250)
    expect(await set).toBeUndefined()
    world.isOut = false
    await runtime.advance(400)
    expect(await one.get('a')).toBeUndefined()
  })
})

describe('a process that asks for too much at a time', () => {
  it('has calls refused, and that is no outage for the others', async () => {
    const runtime = manualRuntime()
    const cache = createCache(memoryStorage(), { maxPendingCalls: 10, runtime })
    const sets = Array.from({ length: 100 }, (_, i) => cache.set(`key ${i}`, i))
    await waiting(...sets)
    const settled = await Promise.allSettled(sets)
    expect(settled.some(({ status }) => status === 'rejected')).toBe(true)
    expect(cache.stats().breaker).toBe('closed')
    await cache.set('a', 1)
    expect(await cache.get('a')).toBe(1)
  })
})
