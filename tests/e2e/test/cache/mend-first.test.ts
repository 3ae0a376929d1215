import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs'
import type { Cache } from '@holdfast/core'
import { systemRuntime } from '@holdfast/core/storage'
import { afterAll, describe, expect, it } from 'vitest'
import { CacheProcesses } from '../../src/cache/cache-processes.ts'
import { PREFIX, oneServer, threeMasters } from '../../src/cache/cache-world.ts'
import { redisKeys } from '../../src/cache/keys.ts'
import { type OpenCacheOptions, openCache } from '../../src/cache/open-cache.ts'
import { type ClientVersion, type Place, everyClient } from '../../src/cache/open-storage.ts'
import { inService, until } from '../../src/poll.ts'
import { PATIENT } from '../../src/cache/patient.ts'

const [server, cluster] = await Promise.all([oneServer(), threeMasters()])
afterAll(async () => await Promise.all([server.stop(), cluster.stop()]))
const keys = redisKeys(PREFIX)

const open = (
  client: ClientVersion,
  options: OpenCacheOptions = {},
  place: Place = server.place,
): Promise<Cache> => openCache(client, place, options)

const never = (): Promise<never> => new Promise(() => {})

describe.each(everyClient)('over %s,', PATIENT, (client) => {
  it('a key that holds what no instance can read is a miss, is counted, and is replaced by one load', async () => {
    const [one, other] = [await open(client), await open(client)]
    const space = randomUUID()
    const [a, b] = [one, other].map((cache) => cache.namespace(space)) as [Cache, Cache]
    await a.set('whole', { some: 'value', that: ['is', 'long'] })
    const whole = String(await server.ask('', 'GET', keys.entry(space, 'whole')))
    const foreign = {
      'text of another tool': 'hello',
      'an empty text': '',
      'JSON of another tool': '{"a":1}',
      'a counter of another tool': '5',
      'a newer version': whole.replace('V1', 'V9'),
      'a value that is cut off': whole.slice(0, -7),
      'a header that is cut off': whole.slice(0, 20),
      'the first form': 'V{"a":1}',
      'a placeholder of the first form': `L${randomUUID()}`,
      'no text': '\u0000\u00ff\u0001',
    }
    for (const [key, stored] of Object.entries(foreign)) {
      // Without an end, as another tool may have put it.
      await server.ask('', 'SET', keys.entry(space, key), stored)
      const name = `${key}: ${stored}`
      expect(await a.get(key), name).toBeUndefined()
      expect(await a.getEntry(key), name).toBeUndefined()
      expect(await b.getMany([key]), name).toEqual(new Map())
      if (key !== 'a value that is cut off') expect(await b.exists(key), name).toBe(false)
      let loads = 0
      const load = (): string => `loaded ${(loads += 1)}`
      const calls = [a, b, a, b].map((cache) => cache.getOrCreate(key, load))
      expect(await Promise.all(calls), name).toEqual(['loaded 1', 'loaded 1', 'loaded 1', 'loaded 1'])
      expect(await b.get(key), name).toBe('loaded 1')
      expect(Number(await server.ask('', 'PTTL', keys.entry(space, key))), name).toBeGreaterThan(0)
    }
    expect(a.stats().unreadable).toBeGreaterThanOrEqual(Object.keys(foreign).length)
  })

  it('a load that never settles ends after hardTimeoutMs; the key is free, and others need not wait so long', async () => {
    const space = randomUUID()
    const one = (await open(client, { hardTimeoutMs: 1_000 })).namespace(space)
    const other = (await open(client, { waitMs: 100 })).namespace(space)
    const began = Promise.withResolvers<AbortSignal>()
    const stuck = one.getOrCreate('k', ({ signal }) => {
      began.resolve(signal)
      return never()
    })
    const ended = expect(stuck).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    const signal = await began.promise
    let loads = 0
    const own = [1, 2, 3].map(() => other.getOrCreate('k', () => (loads += 1)))
    expect(await Promise.all(own)).toEqual([1, 1, 1])
    await ended
    expect(signal.aborted).toBe(true)
    await until(async () => (await server.ask('', 'EXISTS', keys.entry(space, 'k'))) === 0 || undefined)
    expect(await one.getOrCreate('k', () => 'next')).toBe('next')
  })

  it('loads that ask for each other’s keys are refused in one process, and go on in two', async () => {
    const space = randomUUID()
    const one = (await open(client, { waitMs: 300 })).namespace(space)
    const inOne = one.getOrCreate('a', () => one.getOrCreate('b', () => one.getOrCreate('a', () => 1)))
    await expect(inOne).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
    await using processes = new CacheProcesses()
    const there = await processes.start({
      client,
      place: server.place,
      cache: { waitMs: 300, hardTimeoutMs: 60_000 },
      prefix: PREFIX,
    })
    const b = there.load(space, 'b', {
      name: 'b',
      held: true,
      asksFor: { key: 'a', load: { name: 'a of the other', value: 'a of the other' } },
    })
    await processes.untilLoads('b')
    const a = one.getOrCreate('a', () => {
      there.release('b')
      return one.getOrCreate('b', () => 'b of the one')
    })
    // One of them loads what the other does not end; the other may get what came of that.
    const answers = await Promise.all([b, a])
    expect([
      'a of the other,b of the one',
      'a of the other,a of the other',
      'b of the one,b of the one',
    ]).toContain(answers.join())
  })

  it('callers who share a load get a value each', async () => {
    const cache = await open(client)
    const key = randomUUID()
    const go = Promise.withResolvers<void>()
    const calls = [1, 2, 3].map(() =>
      cache.getOrCreate(key, async () => {
        await go.promise
        return { list: [1] }
      }),
    )
    go.resolve()
    const [first, ...others] = await Promise.all(calls)
    first?.list.push(2)
    expect(others).toEqual([{ list: [1] }, { list: [1] }])
    expect(others[0]).not.toBe(others[1])
  })

  it('a blocked event loop is no outage', async () => {
    const cache = (await open(client)).namespace(randomUUID())
    await cache.set('k', 'value')
    await cache.increment('count')
    const settled = async (write: Promise<unknown>): Promise<unknown> =>
      await write.then(
        () => 'done',
        (error: { code: unknown; maybeApplied: unknown }) => [error.code, error.maybeApplied],
      )
    const blocked = new Promise<readonly unknown[]>((resolve) => {
      // Where the event loop goes on with its timers before it reads a socket.
      stat(import.meta.filename, () => {
        const calls = [
          cache.get('k'),
          cache.getOrCreate('new', () => 'loaded'),
          cache.remove('none'),
          cache.getMany(['k']),
          settled(cache.set('other', 1)),
          settled(cache.increment('count')),
        ]
        resolve(Promise.all(calls))
        const end = performance.now() + 600
        while (performance.now() < end);
      })
    })
    const [get, create, remove, getMany, set, increment] = await blocked
    expect([get, create, remove, getMany]).toEqual(['value', 'loaded', 0, new Map([['k', 'value']])])
    // A client that sends at the end of the turn sends a write when its time is over: it is refused, and not executed.
    const late = ['STORAGE_UNAVAILABLE', false]
    expect([set, await cache.get('other')]).toEqual(set === 'done' ? ['done', 1] : [late, undefined])
    expect([increment, await cache.increment('count', 0)]).toEqual(
      increment === 'done' ? ['done', 2] : [late, 1],
    )
    expect(cache.stats().breaker).toBe('closed')
  })

  it('a value of 24 MB is returned, is not stored, and is no outage', async () => {
    const cache = (await open(client)).namespace(randomUUID())
    const large = 'x'.repeat(24 * 1_024 * 1_024)
    await cache.set('large', 'small')
    await cache.set('large', large)
    expect(await cache.get('large')).toBeUndefined()
    expect(await cache.getOrCreate('large', () => large)).toBe(large)
    expect(await cache.exists('large')).toBe(false)
    expect(cache.stats()).toMatchObject({ oversize: 2, breaker: 'closed' })
  })

  it('values of other callers come between the parts of a removal of 50,000 keys', async () => {
    const cache = (await open(client)).namespace(randomUUID())
    const entry = `${keys.entry('', '')}`
    const many = Array.from({ length: 50_000 }, (_, i) => `many ${i}`)
    await cache.set('k', 'value')
    for (let at = 0; at < many.length; at += 5_000) {
      const pairs = many.slice(at, at + 5_000).flatMap((key) => [`${entry}${key}`, '1'])
      await server.ask('', 'MSET', ...pairs)
    }
    const root = await open(client)
    let isRemoved = false
    const removing = inService(() => root.remove(many)).finally(() => (isRemoved = true))
    let reads = 0
    while (!isRemoved) {
      expect(await cache.get('k')).toBe('value')
      reads += 1
    }
    expect(await removing).toBe(50_000)
    expect(reads).toBeGreaterThan(10)
    expect(root.stats().breaker).toBe('closed')
  })
})

const overBoth = [
  ...everyClient.map((client) => ({ client, where: 'one server', servers: server })),
  ...(['ioredis 6', 'redis 6'] as const).map((client) => ({ client, where: 'a cluster', servers: cluster })),
]

it.each(overBoth)(
  'a process that waits is woken by a push: $client, $where',
  PATIENT,
  async ({ client, servers }) => {
    const space = randomUUID()
    const one = (await open(client, {}, servers.place)).namespace(space)
    // Nothing but what the storage pushes makes it look again.
    const timeless = { ...systemRuntime, setTimer: () => ({ cancel() {}, keepAlive() {} }) }
    const other = (await open(client, { runtime: timeless }, servers.place)).namespace(space)
    const go = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const first = one.getOrCreate('k', async () => {
      began.resolve()
      await go.promise
      return 'loaded'
    })
    // A try that an outage spoils leaves both behind.
    first.catch(() => {})
    await began.promise
    const waiting = other.getOrCreate('k', () => 'loaded twice')
    waiting.catch(() => {})
    const key = keys.entry(space, 'k')
    await until(async () => String(await servers.ask(key, 'GET', key)).endsWith('+') || undefined)
    go.resolve()
    expect([await first, await waiting]).toEqual(['loaded', 'loaded'])
  },
)
