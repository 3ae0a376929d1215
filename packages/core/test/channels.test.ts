import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type BreakerEvent,
  type CacheEvent,
  type ConnectionEvent,
  type Storage,
  type StorageEvent,
  StorageRefusedError,
  StorageUnavailableError,
  type Trace,
  type TracedLoad,
  createHoldfast,
  memoryStorage,
} from '@holdfast/core'
import type { Connection, ConnectionState } from '@holdfast/core/storage'
import { manualRuntime } from './manual-runtime.ts'

/** What is published on the channel while a test of this group runs; empties itself when it is read. */
function told<E>(name: string): () => E[] {
  const events: E[] = []
  const listen = (event: unknown): void => void events.push(event as E)
  beforeEach(() => subscribe(name, listen))
  afterEach(() => {
    unsubscribe(name, listen)
    events.length = 0
  })
  return () => events.splice(0)
}

const prefix = 'app'
const app = { prefix, instance: 'one' }

describe('the channel holdfast:cache', () => {
  const ofCache = { ...app, namespace: '' }
  const events = told<CacheEvent>('holdfast:cache')
  const open = (storage = memoryStorage()) => createHoldfast({ storage, ...app }).cache

  it('publishes every read, load, value and removal', async () => {
    const cache = open()
    const durationMs = expect.any(Number) as number
    await cache.getOrCreate('a', () => 1)
    await cache.getOrCreate('a', () => 2)
    await cache.get('b')
    expect(events()).toEqual([
      { ...ofCache, key: 'a', type: 'miss' },
      { ...ofCache, key: 'a', type: 'loading' },
      { ...ofCache, key: 'a', type: 'loaded', durationMs, found: true },
      { ...ofCache, key: 'a', type: 'hit' },
      { ...ofCache, key: 'b', type: 'miss' },
    ])
    await cache.set('b', 1)
    await cache.remove(['a', 'b', 'c'])
    await cache.remove('a')
    expect(events()).toEqual([
      { ...ofCache, key: 'b', type: 'set' },
      { ...ofCache, type: 'removed', keys: ['a', 'b', 'c'], removed: 2 },
      { ...ofCache, type: 'removed', keys: ['a'], removed: 0 },
    ])
  })

  it('publishes loads that fail, find nothing, or end too late to be stored', async () => {
    const cache = open()
    const durationMs = expect.any(Number) as number
    const error = new Error('as intended')
    await expect(cache.getOrCreate('a', () => Promise.reject(error))).rejects.toBe(error)
    await cache.getOrCreate('b', () => undefined)
    await cache.getOrCreate('c', async () => {
      await cache.remove('c')
      return 1
    })
    const others = new Set(['miss', 'removed', 'loading'])
    expect(events().filter(({ type }) => !others.has(type))).toEqual([
      { ...ofCache, key: 'a', type: 'loadFailed', durationMs, error },
      { ...ofCache, key: 'b', type: 'loaded', durationMs, found: false },
      { ...ofCache, key: 'c', type: 'loaded', durationMs, found: true },
      { ...ofCache, key: 'c', type: 'fillRefused' },
    ])
  })

  it('publishes callers that join a load, and loads that run because the storage does not answer', async () => {
    const memory = memoryStorage()
    const error = new StorageRefusedError('Full.')
    const cache = open({ ...memory, values: { ...memory.values, reserve: () => Promise.reject(error) } })
    await Promise.all([cache.getOrCreate('a', () => 1), cache.getOrCreate('a', () => 2)])
    expect(events().map(({ type }) => type)).toEqual([
      'miss',
      'miss',
      'joined',
      'bypassed',
      'loading',
      'bypassed',
      'joined',
      'loaded',
    ])
  })

  it('has a tracing channel for loads', async () => {
    const traces: Trace<TracedLoad>[] = []
    const channel = tracingChannel<unknown, TracedLoad>('holdfast:cache.load')
    const listener = { asyncEnd: (trace: Trace<TracedLoad>) => void traces.push(trace) }
    channel.subscribe(listener as Parameters<typeof channel.subscribe>[0])
    const cache = open()
    expect(await cache.getOrCreate('a', () => 1)).toBe(1)
    await cache.getOrCreate('a', () => 2)
    channel.unsubscribe(listener as Parameters<typeof channel.subscribe>[0])
    expect(traces).toEqual([{ ...ofCache, key: 'a', result: 1 }])
  })
})

describe('the channel holdfast:breaker', () => {
  const events = told<BreakerEvent>('holdfast:breaker')

  it('publishes why it opened, that it stays open, and after how long it closed', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage()
    let out: Error | undefined = new StorageUnavailableError('Gone.', { maybeApplied: false })
    const getMany: Storage['values']['getMany'] = (keys) =>
      out ? Promise.reject(out) : memory.values.getMany(keys)
    const storage = { ...memory, values: { ...memory.values, getMany } }
    const holdfast = createHoldfast({ storage, ...app, runtime })
    const ask = async (): Promise<void> => {
      const asked = holdfast.cache.get('a').catch(() => undefined)
      await runtime.advance(250)
      await asked
    }
    await ask()
    await runtime.advance(250)
    await ask()
    const number = expect.any(Number) as number
    const error = expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }) as Error
    expect(events()).toEqual([
      { ...app, type: 'opened', error, retryInMs: number },
      { ...app, type: 'stillOpen', error, retryInMs: number, openMs: number },
    ])
    out = undefined
    await runtime.advance(500)
    await ask()
    await ask()
    expect(events()).toEqual([{ ...app, type: 'closed', openMs: number }])
    await holdfast.close()
    expect(events()).toEqual([])
  })

  it('publishes that it ended, once, where the cache is closed before the storage answers', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage()
    const gone = new StorageUnavailableError('Gone.', { maybeApplied: false })
    const storage = { ...memory, values: { ...memory.values, getMany: () => Promise.reject(gone) } }
    const holdfast = createHoldfast({ storage, ...app, runtime })
    const asked = holdfast.cache.get('a').catch(() => undefined)
    await runtime.advance(250)
    await asked
    expect(events()).toMatchObject([{ type: 'opened' }])
    await runtime.advance(30)
    await holdfast.close()
    await holdfast.close()
    expect(events()).toEqual([{ ...app, type: 'ended', openMs: expect.any(Number) as number }])
  })
})

describe('the channel holdfast:connection', () => {
  const events = told<ConnectionEvent>('holdfast:connection')

  /** A storage whose connection the test breaks and restores. */
  function wired() {
    const listeners = new Set<(state: ConnectionState) => void>()
    const connection = { state: 'down' as ConnectionState, lastError: undefined as unknown }
    const onChange: Connection['onChange'] = (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
    const storage: Storage = { ...memoryStorage(), connection: Object.assign(connection, { onChange }) }
    const set = (state: ConnectionState, lastError?: unknown): void => {
      Object.assign(connection, { state, lastError })
      for (const listener of listeners) listener(state)
    }
    return { storage, set, listeners }
  }

  it('publishes the loss with its reason, and the reconnect with the length of the outage', async () => {
    const runtime = manualRuntime()
    const { storage, set, listeners } = wired()
    const holdfast = createHoldfast({ storage, prefix, instance: 'one', runtime })
    const of = { instance: 'one', prefix, storage: 'main' }
    const at = expect.any(Number) as number
    set('ready')
    expect(events()).toEqual([{ ...of, at, type: 'ready', lostAt: null, awayMs: null }])

    const error = new Error('ECONNRESET')
    set('down', error)
    const [lost] = events()
    expect(lost).toEqual({ ...of, at, type: 'lost', error })
    await runtime.advance(1_500)
    set('ready')
    expect(events()).toEqual([{ ...of, at, type: 'ready', lostAt: lost?.at, awayMs: 1_500 }])

    await holdfast.close()
    expect(listeners.size).toBe(0)
    expect(events()).toEqual([])
  })

  it('publishes that it was closed while it was away', async () => {
    const runtime = manualRuntime()
    const { storage, set } = wired()
    const holdfast = createHoldfast({ storage, prefix, instance: 'one', runtime })
    set('down', new Error('ECONNRESET'))
    const [lost] = events()
    await runtime.advance(1_500)
    await holdfast.close()
    const of = { instance: 'one', prefix, storage: 'main', at: expect.any(Number) as number }
    expect(events()).toEqual([{ ...of, type: 'ended', lostAt: lost?.at, awayMs: 1_500 }])
  })

  it('publishes the same of the storage of the cache', async () => {
    const { storage: cacheStorage, set } = wired()
    const holdfast = createHoldfast({ storage: memoryStorage(), cacheStorage, prefix, instance: 'one' })
    set('ready')
    expect(events()).toMatchObject([{ type: 'ready', storage: 'cache' }])
    await holdfast.close()
  })
})

describe('the channel holdfast:storage', () => {
  const events = told<StorageEvent>('holdfast:storage')

  it('publishes each call that the storage did not answer, or refused, and of which storage', async () => {
    const runtime = manualRuntime()
    const memory = memoryStorage()
    const refused = new StorageRefusedError('Full.')
    let answer = (): Promise<never> => new Promise(() => undefined)
    const records = { ...memory.records, read: () => answer() }
    const cacheStorage = { ...memoryStorage(), time: () => Promise.reject(refused) }
    const holdfast = createHoldfast({ storage: { ...memory, records }, cacheStorage, ...app, runtime })
    const asked = holdfast.idempotency.getExecutionStatus('a', '1').catch((error: unknown) => error)
    await runtime.advance(2_100)
    const of = { ...app, storage: 'main', at: expect.any(Number) as number, type: 'failed' }
    expect(events()).toEqual([{ ...of, code: 'STORAGE_UNAVAILABLE', error: await asked }])
    answer = () => Promise.reject(refused)
    await holdfast.idempotency.getExecutionStatus('a', '1').catch(() => undefined)
    expect(events()).toEqual([{ ...of, code: 'STORAGE_REFUSED', error: refused }])
    await holdfast.close()
  })
})
