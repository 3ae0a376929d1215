import { describe, expect, it } from 'vitest'
import { type Cache, type Storage, StorageUnavailableError, createCache } from '@holdfast/core'
import type { SetReply, ValueStorage } from '@holdfast/core/storage'
import type { ConnectionState } from '../../src/storage/storage.ts'
import { settle } from '../manual-runtime.ts'
import { waiting, world } from './world.ts'

const silence = new Promise<never>(() => undefined)

/** A cache whose connection the test cuts, over a storage that takes 100 ms for some commands and never answers `write`. */
function cut(write: keyof ValueStorage | 'add' | 'hashSet' | 'hashDelete', slow: keyof ValueStorage) {
  const { runtime, storage } = world()
  const { values } = storage
  const listeners = new Set<(state: ConnectionState) => void>()
  const connection = {
    state: 'ready' as ConnectionState,
    onChange(listener: (state: ConnectionState) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  let sendings = 0
  let isOut = false
  const unanswered = (): Promise<never> => {
    sendings += 1
    return silence
  }
  const of = <M extends keyof ValueStorage>(name: M): Partial<ValueStorage> => {
    const command = values[name] as (...args: unknown[]) => Promise<unknown>
    return {
      [name]: async (...args: unknown[]) => {
        if (isOut) throw new StorageUnavailableError('It is out.', { maybeApplied: false })
        await new Promise<void>((resolve) => runtime.setTimer(100, resolve))
        return await command(...args)
      },
    }
  }
  const faulty: Storage = {
    ...storage,
    connection,
    values: {
      ...values,
      ...of(slow),
      counters: write === 'add' ? { add: unanswered } : values.counters,
      hashes: {
        ...values.hashes,
        ...(write === 'hashSet' ? { set: unanswered } : {}),
        ...(write === 'hashDelete' ? { delete: unanswered } : {}),
      },
      ...(write in values ? { [write]: unanswered } : {}),
    },
  }
  const cache = createCache(faulty, { runtime, jitter: 0 })
  return {
    runtime,
    storage,
    cache,
    sendings: () => sendings,
    set isOut(out: boolean) {
      isOut = out
    },
    is(state: ConnectionState) {
      connection.state = state
      for (const listener of listeners) listener(state)
    },
  }
}

type Cut = ReturnType<typeof cut>

/** Lets the call fail while the connection is away; it is back before the request of its last command would have ended. */
async function failedMeanwhile(
  { runtime, is, sendings, cache }: Cut,
  call: Promise<unknown>,
): Promise<unknown> {
  await waiting(call)
  const failed = call.then(
    () => undefined,
    (error: unknown) => error,
  )
  await runtime.advance(110)
  expect(sendings()).toBe(1)
  is('down')
  await runtime.advance(130)
  is('ready')
  await runtime.advance(10)
  const error = await failed
  await runtime.advance(300)
  await settle()
  expect(sendings()).toBe(1)
  // The storage answers, if not that request.
  expect(cache.stats().breaker).toBe('closed')
  return error
}

describe('what its caller has given up', () => {
  it('is not sent again: a set whose other commands took half of its time', async () => {
    const it = cut('set', 'ensure')
    const error = await failedMeanwhile(it, it.cache.set('a', 1))
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
  })

  it('is not sent again: the end of a value that took half of its time to be found', async () => {
    const it = cut('patch', 'getMany')
    await createCache(it.storage, { runtime: it.runtime }).set('a', 1, { staleMs: 1_000 })
    const error = await failedMeanwhile(it, it.cache.expire('a'))
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
  })

  it.each<['add' | 'hashSet' | 'hashDelete', (cache: Cache) => Promise<unknown>]>([
    ['add', (cache) => cache.increment('n')],
    ['hashSet', (cache) => cache.hashSet('h', 'a', 1)],
    ['hashDelete', (cache) => cache.hashDelete('h', 'a')],
  ])('is not sent again: %s, after a removal that was queued', async (write, call) => {
    const it = cut(write, 'remove')
    it.isOut = true
    const removal = it.cache.remove('a')
    await waiting(removal)
    await it.runtime.advance(250)
    await expect(removal).rejects.toMatchObject({ queued: true })
    it.isOut = false
    await it.runtime.advance(400)
    const error = await failedMeanwhile(it, call(it.cache))
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
  })
})

describe('a set that was stored', () => {
  it('says that it may be, when the generations that it needs cannot be read', async () => {
    const { runtime, storage } = world()
    let isOut = false
    const getMany: ValueStorage['getMany'] = async (keys) => {
      if (isOut) throw new StorageUnavailableError('It is out.', { maybeApplied: false })
      return await storage.values.getMany(keys)
    }
    const cache = createCache({ ...storage, values: { ...storage.values, getMany } }, { runtime })
    await cache.set('a', 1)
    isOut = true
    const call = cache.set('a', 2)
    await waiting(call)
    await runtime.advance(250)
    await expect(call).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
    isOut = false
    await runtime.advance(1_000)
    expect(await cache.get('a')).toBe(2)
  })

  it('does not read them again when what was queued before has used up its time', async () => {
    const { runtime, storage } = world()
    const { values } = storage
    let isOut = false
    let isSilent = false
    const remove: ValueStorage['remove'] = async (keys) => {
      if (isOut) throw new StorageUnavailableError('It is out.', { maybeApplied: false })
      await new Promise<void>((resolve) => runtime.setTimer(100, resolve))
      return await values.remove(keys)
    }
    const getMany: ValueStorage['getMany'] = async (keys) =>
      isSilent ? await silence : await values.getMany(keys)
    const cache = createCache({ ...storage, values: { ...values, remove, getMany } }, { runtime })
    await cache.set('a', 1)
    isOut = true
    const removal = cache.remove('b')
    await waiting(removal)
    await runtime.advance(250)
    await expect(removal).rejects.toMatchObject({ queued: true })
    isOut = false
    isSilent = true
    await runtime.advance(400)
    const call = cache.set('a', 2)
    await waiting(call)
    await runtime.advance(110)
    isSilent = false
    await runtime.advance(140)
    await expect(call).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
  })
})

describe('a write that comes late', () => {
  /** The first is executed, and its answer lost; the second comes when the storage's clock is beyond its time. */
  it.each<['set' | 'hashSet' | 'add', boolean, (cache: Cache) => Promise<unknown>]>([
    ['set', true, (cache) => cache.set('a', 1)],
    ['hashSet', true, (cache) => cache.hashSet('h', 'a', 1)],
    ['add', false, (cache) => cache.increment('n')],
  ])('after one that was not answered: %s, executed perhaps: %s', async (write, maybeApplied, call) => {
    const { runtime, storage } = world()
    const { values } = storage
    let sendings = 0
    const late = async (): Promise<SetReply & { readonly outcome: 'late' }> => {
      sendings += 1
      if (sendings === 1) throw new StorageUnavailableError('The connection is gone.', { maybeApplied: true })
      return { outcome: 'late', now: await storage.time() }
    }
    const commands: Partial<ValueStorage> =
      write === 'set'
        ? { set: late }
        : write === 'add'
          ? { counters: { add: late } }
          : { hashes: { ...values.hashes, set: late } }
    const cache = createCache({ ...storage, values: { ...values, ...commands } }, { runtime })
    const failing = call(cache)
    await waiting(failing)
    await runtime.advance(250)
    await expect(failing).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied })
    expect(sendings).toBeGreaterThan(1)
  })
})
