import { randomUUID } from 'node:crypto'
import { type Cache, type CacheOptions, createCache, createHoldfast } from '@holdfast/core'
import { FaultProxy, matchCommand } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { RedisNode, freePort } from '@holdfast/test-support/servers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { PREFIX } from '../../src/cache/cache-world.ts'
import { redisKeys } from '../../src/cache/keys.ts'
import { openCache } from '../../src/cache/open-cache.ts'
import { openStorage } from '../../src/cache/open-storage.ts'
import { inService, until } from '../../src/poll.ts'
import { PATIENT } from '../../src/cache/patient.ts'

const keys = redisKeys(PREFIX)
const OUT = { code: 'STORAGE_UNAVAILABLE' }
const QUEUED = { code: 'STORAGE_UNAVAILABLE', queued: true }
/** What the issue of an outage may cost is 250 ms and 5 s; a machine that has much else to do gets several times as much. */
const FIRST_CALL_MS = 250
const RECOVERY_MS = 5_000
const GENEROUS = 6

async function took(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work.catch(() => {})
  return performance.now() - startedAt
}

describe.each(['ioredis 6', 'redis 6'] as const)('an outage, over %s:', PATIENT, (client) => {
  let node: RedisNode
  beforeAll(async () => {
    node = await RedisNode.start()
  })
  afterAll(async () => await node.stop())

  const open = (url: string, options: CacheOptions = {}): Promise<Cache> =>
    openCache(client, { url }, options)
  const openProxied = async (): Promise<{ readonly cache: Cache; readonly proxy: FaultProxy }> => {
    const proxy = await FaultProxy.start({ target: node.address })
    onTestFinished(() => proxy.stop())
    return { proxy, cache: await open(proxy.url) }
  }
  const freeze = (): void => {
    node.pause()
    onTestFinished(() => node.resume())
  }

  it('the first call takes a moment and the next ones none; loads go on, and are kept', async () => {
    const space = randomUUID()
    const cache = (await open(node.url)).namespace(space)
    await inService(() => cache.set('k', 'stored'))
    freeze()
    expect(await took(cache.get('k'))).toBeLessThan(FIRST_CALL_MS * GENEROUS)
    expect(cache.stats().breaker).toBe('open')
    const beside = [
      cache.get('k'),
      cache.getMany(['k']),
      cache.getEntry('k'),
      cache.exists('k'),
      cache.set('k', 1),
    ]
    for (const each of await Promise.allSettled(beside)) expect(each).toMatchObject({ reason: OUT })
    const miss = { onOutage: 'miss' } as const
    expect(
      await Promise.all([
        cache.get('k', miss),
        cache.getMany(['k'], miss),
        cache.getEntry('k', miss),
        cache.exists('k', miss),
        cache.set('k', 1, miss),
      ]),
    ).toEqual([undefined, new Map(), undefined, false, undefined])
    await expect(cache.increment('n')).rejects.toMatchObject(OUT)
    await expect(cache.hashSet('h', 'f', 1)).rejects.toMatchObject(OUT)
    await expect(cache.hashGet('h', 'f')).rejects.toMatchObject(OUT)

    let loads = 0
    const load = (): number => (loads += 1)
    for (let time = 0; time < 20; time += 1) expect(await cache.getOrCreate('degraded', load)).toBe(1)
    await expect(cache.remove('degraded')).rejects.toMatchObject(QUEUED)
    expect(await cache.getOrCreate('degraded', load)).toBe(2)
    await expect(cache.clear()).rejects.toMatchObject(QUEUED)
    expect(await cache.getOrCreate('degraded', load)).toBe(3)
    await expect(cache.invalidateTags(['t'])).rejects.toMatchObject(QUEUED)
    expect(await cache.getOrCreate('degraded', load)).toBe(4)
    await expect(cache.removeByPattern('d*')).rejects.toMatchObject(QUEUED)
    expect(await cache.getOrCreate('degraded', load)).toBe(5)
    expect(cache.stats().queuedRemovals).toBeGreaterThan(0)

    node.resume()
    expect(await took(inService(() => cache.get('k')))).toBeLessThan(RECOVERY_MS * GENEROUS)
    // What was kept meanwhile answers no call any more.
    expect(await cache.getOrCreate('degraded', load)).toBe(6)
    expect(await cache.get('degraded')).toBe(6)
    expect(cache.stats()).toMatchObject({ breaker: 'closed', queuedRemovals: 0 })
    freeze()
    expect(await cache.getOrCreate('degraded', load)).toBe(7)
  })

  it('what was refused is not executed later', async () => {
    const space = randomUUID()
    const { cache: root, proxy } = await openProxied()
    const cache = root.namespace(space)
    const later = (await open(node.url)).namespace(space)
    // What a busy machine refuses here may have been executed, and is asked for again.
    await inService(() => cache.set('k', 'before'))
    await inService(() => cache.increment('n', 5))
    await inService(() => cache.hashSet('h', 'f', 'before'))
    const counted = await inService(() => later.increment('n', 0))
    // All of them are sent, and arrive when their callers have gone.
    const held = proxy.every(({ name }) => ['eval', 'evalsha'].includes(name), 'hold-request')
    const refused = [
      cache.set('k', 'ghost'),
      cache.setMany({ k: 'ghost', new: 'ghost' }),
      cache.increment('n'),
      cache.decrement('n', 3),
      cache.hashSet('h', { f: 'ghost', g: 'ghost' }),
    ]
    for (const each of await Promise.allSettled(refused)) expect(each).toMatchObject({ reason: OUT })
    await held.hit
    held.release()
    await inService(() => cache.exists('k'))
    expect(await inService(() => later.getMany(['k', 'new']))).toEqual(new Map([['k', 'before']]))
    expect(await inService(() => later.increment('n', 0))).toBe(counted)
    expect(await inService(() => later.hashGetAll('h'))).toEqual({ f: 'before' })
  })

  const invalidations = [
    ['remove', (cache: Cache) => cache.remove(['k', 'other'])],
    ['clear', (cache: Cache) => cache.clear()],
    ['invalidateTags', (cache: Cache) => cache.invalidateTags(['t'])],
    ['removeByPattern', (cache: Cache) => cache.removeByPattern('k*')],
  ] as const
  it.each(
    invalidations.flatMap(([name, invalidate]) => [
      { name: `${name} that got no answer`, invalidate, isSent: true },
      { name: `${name} that was not sent`, invalidate, isSent: false },
    ]),
  )('$name is queued, and executed before this process reads again', async ({ invalidate, isSent }) => {
    const space = randomUUID()
    const { cache: root, proxy } = await openProxied()
    const cache = root.namespace(space)
    const witness = (await open(node.url)).namespace(space)
    await inService(() => cache.set('k', 'old', { tags: ['t'], staleMs: 3_600_000 }))
    proxy.blackHole()
    if (!isSent) await expect(cache.get('k')).rejects.toMatchObject(OUT)
    await expect(invalidate(cache)).rejects.toMatchObject(QUEUED)
    // What it sent never arrives, unless the client sends it again.
    proxy.reset()
    expect(await inService(() => witness.get('k'))).toBe('old')
    await proxy.heal()
    expect(await inService(() => cache.getEntry('k'))).toBeUndefined()
    expect(await inService(() => witness.get('k'))).toBeUndefined()
    expect(cache.stats()).toMatchObject({ breaker: 'closed', queuedRemovals: 0 })
  })

  it('a client that is ended while a load runs takes nothing from its callers', async () => {
    const opened = await openStorage(client, { url: node.url })
    const cache = createCache(opened.storage, { prefix: PREFIX })
    const go = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const load = async (): Promise<string> => {
      began.resolve()
      await go.promise
      return 'loaded'
    }
    const key = randomUUID()
    const calls = [cache.getOrCreate(key, load), cache.getOrCreate(key, load)]
    await began.promise
    await opened[Symbol.asyncDispose]()
    go.resolve()
    expect(await Promise.all(calls)).toEqual(['loaded', 'loaded'])
    await cache.close()
  })

  it('removals that are queued are not lost when their execution fails as well', async () => {
    const space = randomUUID()
    const { cache: root, proxy } = await openProxied()
    const cache = root.namespace(space)
    const names = Array.from({ length: 600 }, (_, i) => `k${i}`)
    await inService(() => cache.setMany(Object.fromEntries(names.map((name) => [name, 'old']))))
    proxy.blackHole()
    await expect(cache.remove(names)).rejects.toMatchObject(QUEUED)
    // The first part arrives, and the second does not.
    const armed = proxy.once(matchCommand('unlink', keys.entry(space, 'k599')), 'cut-request')
    proxy.reset()
    await proxy.heal()
    expect(await inService(() => cache.getMany(names))).toEqual(new Map())
    expect(armed.hits).toBe(1)
    const left = names.map((name) => keys.entry(space, name))
    expect(await node.ask('EXISTS', ...left)).toBe(0)
    expect(cache.stats()).toMatchObject({ breaker: 'closed', queuedRemovals: 0 })
  })

  it('an app whose Redis is not there yet serves at once, and is whole when Redis comes', async () => {
    const port = await freePort()
    const opened = await openStorage(client, { url: `redis://127.0.0.1:${port}` })
    const holdfast = createHoldfast({ storage: opened.storage, prefix: PREFIX })
    const { cache } = holdfast
    onTestFinished(async () => {
      await holdfast.close()
      await opened[Symbol.asyncDispose]()
    })
    expect(await cache.getOrCreate('k', () => 'loaded')).toBe('loaded')
    expect(await cache.getOrCreate('k', () => 'loaded twice')).toBe('loaded')
    expect(await holdfast.health()).toMatchObject({ status: 'down' })
    await expect(cache.get('k')).rejects.toThrow()
    const server = await startRedis({ port })
    onTestFinished(async () => await server.stop())
    await inService(() => cache.get('k'))
    expect(await cache.getOrCreate('k', () => 'stored')).toBe('stored')
    expect(await cache.get('k')).toBe('stored')
    await until(async () => (await holdfast.health()).status !== 'down' || undefined)
  })
})
