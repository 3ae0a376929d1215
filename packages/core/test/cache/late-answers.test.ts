import { describe, expect, it } from 'vitest'
import { type Storage, StorageRefusedError, StorageUnavailableError, createCache } from '@holdfast/core'
import type { ValueStorage } from '@holdfast/core/storage'
import { settle } from '../manual-runtime.ts'
import { slowLoad, waiting, world, watchFlights } from './world.ts'

const flightsLeft = watchFlights()

/** The same storage, some commands of which answer otherwise. */
function withValues(storage: Storage, commands: Partial<ValueStorage>): Storage {
  return { ...storage, values: { ...storage.values, ...commands } }
}

function unavailable(): Promise<never> {
  return Promise.reject(new StorageUnavailableError('It is out.', { maybeApplied: false }))
}

/** Answers after the commands of some turns of the event loop. */
function later<A extends unknown[], T>(command: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  return async (...args) => {
    for (let i = 0; i < 3; i += 1) await settle()
    return await command(...args)
  }
}

describe('a storage that answers some of it late', () => {
  it('refuses a reservation before it answers for the generations: the load answers, and nothing is unhandled', async () => {
    const { runtime, storage } = world()
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    let answer!: () => void
    const answered = new Promise<void>((resolve) => (answer = resolve))
    const cache = createCache(
      withValues(storage, {
        reserve: () => Promise.reject(new StorageRefusedError('WRONGTYPE')),
        ensure: async (...args) => {
          await answered
          return await storage.values.ensure(...args)
        },
      }),
      { runtime },
    )
    const call = cache.getOrCreate('a', () => 'loaded')
    await waiting(call)
    answer()
    expect(await call).toBe('loaded')
    await settle()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('reserves when its caller has given up: nothing is kept of that', async () => {
    const { runtime, storage } = world()
    const { values } = storage
    const slow = <A extends unknown[], T>(command: (...args: A) => Promise<T>): typeof command => {
      return async (...args) => {
        await new Promise<void>((resolve) => runtime.setTimer(150, resolve))
        return await command(...args)
      }
    }
    const commands = { getMany: slow(values.getMany), reserve: slow(values.reserve) }
    const cache = createCache(withValues(storage, commands), { runtime })
    const call = cache.getOrCreate('a', () => 'loaded')
    await waiting(call)
    await runtime.advance(250)
    expect(await call).toBe('loaded')
    await runtime.advance(200)
    expect(await values.getMany(['app::a'])).toEqual([null])
    expect(flightsLeft()).toEqual([])
  })

  it('answers in time as long as only the event loop of the caller was late', async () => {
    const { runtime, storage } = world()
    const { values } = storage
    const slow = withValues(storage, {
      getMany: later(values.getMany),
      ensure: later(values.ensure),
      set: later(values.set),
      patch: later(values.patch),
      renew: later(values.renew),
    })
    const cache = createCache({ ...slow, time: later(storage.time) }, { runtime })
    const blocked = async <T>(call: Promise<T>): Promise<T> => {
      call.catch(() => undefined)
      runtime.freeze(400)
      // The grace is as long as the loop was blocked, 50 ms at most.
      for (let ms = 0; ms < 40; ms += 5) await runtime.advance(5)
      return await call
    }
    await cache.set('a', 1, { staleMs: 1_000 })
    expect(await blocked(cache.expire('a'))).toBe(true)
    await blocked(cache.invalidateTags(['t']))
    await blocked(cache.clear())
    expect(cache.stats()).toMatchObject({ breaker: 'closed', queuedRemovals: 0 })
  })

  it('takes too long for an invalidation in all: that is queued, says so, and is sent without another call', async () => {
    const { runtime, storage } = world()
    const cache = createCache(
      withValues(storage, {
        renew: async (...args) => {
          await new Promise<void>((resolve) => runtime.setTimer(200, resolve))
          return await storage.values.renew(...args)
        },
      }),
      { runtime },
    )
    const call = cache.invalidateTags(['t'])
    await waiting(call)
    await runtime.advance(300)
    await expect(call).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', queued: true })
    expect(cache.stats().queuedRemovals).toBe(2)
    await runtime.advance(1_000)
    expect(cache.stats().queuedRemovals).toBe(0)
  })
})

describe('a storage that answers after its callers have given up', () => {
  /** A storage that answers nothing until it is well, and then all that it was asked. */
  function frozen() {
    const { runtime, storage } = world()
    const { values } = storage
    let asked = 0
    let answersAfter: number | undefined
    let thaw!: () => void
    const thawed = new Promise<void>((resolve) => (thaw = resolve))
    const frozenUntil = <A extends unknown[], T>(command: (...args: A) => Promise<T>): typeof command => {
      return async (...args) => {
        asked += 1
        await (answersAfter === undefined
          ? thawed
          : new Promise<void>((resolve) => runtime.setTimer(answersAfter as number, resolve)))
        return await command(...args)
      }
    }
    const same = withValues(storage, { getMany: frozenUntil(values.getMany) })
    const cache = createCache({ ...same, time: frozenUntil(storage.time) }, { runtime })
    const giveUp = async (): Promise<void> => {
      const call = cache.get('a')
      await waiting(call)
      await runtime.advance(250)
      await expect(call).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    }
    return {
      runtime,
      storage,
      cache,
      giveUp,
      thaw,
      asked: () => asked,
      isSlow: (ms: number) => void (answersAfter = ms),
    }
  }

  it('is well again for the next call, which waits for no pause', async () => {
    const { runtime, storage, cache, giveUp, thaw } = frozen()
    await createCache(storage, { runtime }).set('a', 1)
    await giveUp()
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    thaw()
    await settle()
    expect(cache.stats().breaker).toBe('closed')
    expect(await cache.get('a')).toBe(1)
  })

  it('is well again at once also after long pauses', async () => {
    const { runtime, cache, giveUp, thaw } = frozen()
    for (let i = 0; i < 4; i += 1) {
      await giveUp()
      await runtime.advance(5_000)
    }
    await giveUp()
    thaw()
    await settle()
    expect(cache.stats().breaker).toBe('closed')
  })

  it('is asked once more, and not all the time, when it is only slow', async () => {
    const { runtime, cache, giveUp, asked, isSlow } = frozen()
    isSlow(300)
    await giveUp()
    expect(asked()).toBe(1)
    await runtime.advance(10_000)
    expect(asked()).toBe(2)
    expect(cache.stats().breaker).toBe('open')
    await giveUp()
    await runtime.advance(10_000)
    expect(asked()).toBe(4)
  })

  it('is not asked for a cache that was closed', async () => {
    const { cache, giveUp, thaw, asked } = frozen()
    await giveUp()
    await cache.close()
    thaw()
    await settle()
    expect(asked()).toBe(1)
  })
})

describe('while the storage is out', () => {
  it('many keys are loaded although another call loads one of them', async () => {
    const { runtime, storage } = world()
    const cache = createCache(withValues(storage, { getMany: unavailable }), { runtime })
    const { load, started, finish } = slowLoad<string>()
    const first = cache.getOrCreate('b', load)
    await waiting(first)
    await runtime.advance(300)
    await started
    const asked: string[] = []
    const many = cache.getOrCreateMany(['a', 'b'], (keys) => {
      asked.push(...keys)
      return new Map(keys.map((key) => [key, 'many']))
    })
    await waiting(many)
    expect(asked).toEqual(['a'])
    finish('one')
    expect([...(await many)]).toEqual([
      ['a', 'many'],
      ['b', 'one'],
    ])
  })

  it('a load that began then is not shared in the next outage', async () => {
    const { runtime, storage, cache: other } = world()
    const { values } = storage
    let isOut = true
    const getMany: typeof values.getMany = async (keys) =>
      await (isOut ? unavailable() : values.getMany(keys))
    const cache = createCache(withValues(storage, { getMany }), { runtime })
    const { load, started, finish } = slowLoad<string>()
    const first = cache.getOrCreate('a', load)
    await waiting(first)
    await runtime.advance(300)
    await started
    isOut = false
    await runtime.advance(5_000)
    await cache.get('b')
    await other().remove('a')
    isOut = true
    const call = cache.getOrCreate('a', () => 'new')
    await waiting(call)
    await runtime.advance(300)
    expect(await call).toBe('new')
    finish('old')
    await first
  })

  it('a cache that was closed says that it is closed', async () => {
    const { runtime, storage } = world()
    const cache = createCache(withValues(storage, { getMany: unavailable }), { runtime })
    const call = cache.get('a')
    await waiting(call)
    await runtime.advance(300)
    await expect(call).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await cache.close()
    const calls = [cache.get('a'), cache.set('a', 1), cache.remove('a'), cache.getOrCreate('a', () => 1)]
    for (const each of await Promise.allSettled(calls))
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'CLOSED' } })
  })
})
