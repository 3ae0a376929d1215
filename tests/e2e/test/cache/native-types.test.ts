import { randomUUID } from 'node:crypto'
import type { Cache } from '@holdfast/core'
import { type FaultKind, FaultProxy, type RequestMatch } from '@holdfast/test-support/proxy'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { PREFIX, oneServer } from '../../src/cache/cache-world.ts'
import { redisKeys } from '../../src/cache/keys.ts'
import { openCache } from '../../src/cache/open-cache.ts'
import { type ClientVersion, everyClient } from '../../src/cache/open-storage.ts'
import { inService } from '../../src/poll.ts'
import { PATIENT } from '../../src/cache/patient.ts'

const server = await oneServer()
afterAll(async () => await server.stop())
const keys = redisKeys(PREFIX)
const url = 'url' in server.place ? server.place.url : ''
const ask = (...command: readonly (string | number)[]): Promise<unknown> => server.ask('', ...command)

const open = (client: ClientVersion, place: string = url): Promise<Cache> => openCache(client, { url: place })

describe.each(everyClient)('over %s,', PATIENT, (client) => {
  it.each([
    ['a list', ['RPUSH', 'a', 'b']],
    ['a set', ['SADD', 'a', 'b']],
    ['a sorted set', ['ZADD', '1', 'a']],
    ['a hash', ['HSET', 'a', 'b']],
    ['a stream', ['XADD', '*', 'a', 'b']],
  ] as const)(
    '%s under a key is a miss; what is counted there, or a hash, is refused, and set replaces it',
    async (type, [name, ...rest]) => {
      const space = randomUUID()
      const cache = (await open(client)).namespace(space)
      const key = keys.entry(space, 'k')
      await ask(name, key, ...rest)
      const was = await ask('DUMP', key)
      expect(await cache.get('k')).toBeUndefined()
      expect(await cache.getEntry('k')).toBeUndefined()
      expect(await cache.getMany(['k'])).toEqual(new Map())
      expect(await cache.exists('k')).toBe(false)
      expect(cache.stats().misses).toBeGreaterThan(0)
      let loads = 0
      const load = (): number => (loads += 1)
      const calls = Array.from({ length: 20 }, () => cache.getOrCreate('k', load))
      expect(new Set(await Promise.all(calls))).toEqual(new Set([1]))
      const refused = { code: 'STORAGE_REFUSED' }
      await expect(cache.increment('k')).rejects.toMatchObject(refused)
      if (type !== 'a hash') {
        await expect(cache.hashSet('k', 'f', 1)).rejects.toMatchObject(refused)
        await expect(cache.hashGet('k', 'f')).rejects.toMatchObject(refused)
        await expect(cache.hashGetAll('k')).rejects.toMatchObject(refused)
        await expect(cache.hashDelete('k', 'f')).rejects.toMatchObject(refused)
      }
      // Nothing of this was an outage, and the key is as it was.
      expect(cache.stats().breaker).toBe('closed')
      expect(await ask('DUMP', key)).toEqual(was)
      await cache.set('k', 'replaced')
      expect(await cache.get('k')).toBe('replaced')
      expect(Number(await ask('PTTL', key))).toBeGreaterThan(0)
      await ask('DEL', key)
      await ask(name, key, ...rest)
      expect(await cache.remove('k')).toBe(1)
    },
  )

  it('a value is no counter and no hash, and a counter and a hash are no values', async () => {
    const space = randomUUID()
    const cache = (await open(client)).namespace(space)
    const refused = { code: 'STORAGE_REFUSED' }
    await cache.set('value', 5)
    await expect(cache.increment('value')).rejects.toMatchObject(refused)
    await expect(cache.hashSet('value', 'f', 1)).rejects.toMatchObject(refused)
    expect(await cache.get('value')).toBe(5)
    await cache.increment('count', 5)
    await cache.hashSet('hash', { f: 1 })
    expect(await cache.getMany(['count', 'hash'])).toEqual(new Map())
    await expect(cache.hashGet('count', 'f')).rejects.toMatchObject(refused)
    await expect(cache.increment('hash')).rejects.toMatchObject(refused)
    expect(await cache.increment('count')).toBe(6)
    expect(await cache.hashGetAll('hash')).toEqual({ f: 1 })
  })

  it('the time to live of a counter and a hash begins when it is created, or always', async () => {
    const space = randomUUID()
    const cache = (await open(client)).namespace(space)
    const write = {
      count: (options: object) => cache.increment('count', 1, options),
      hash: (options: object) => cache.hashSet('hash', 'f', 1, options),
    }
    for (const [name, to] of Object.entries(write)) {
      const key = keys.entry(space, name)
      const life = async (): Promise<number> => Number(await ask('PTTL', key))
      await to({ ttlMs: 600_000 })
      expect(await life()).toBeGreaterThan(300_000)
      await ask('PEXPIRE', key, 60_000)
      await to({ ttlMs: 600_000 })
      expect(await life()).toBeLessThanOrEqual(60_000)
      await to({ ttlMs: 600_000, ttlOn: 'always' })
      expect(await life()).toBeGreaterThan(300_000)
      // One that another tool left without an end has one again.
      await ask('PERSIST', key)
      await to({ ttlMs: 600_000 })
      expect(await life()).toBeGreaterThan(0)
    }
  })

  const lost: FaultKind[] = [
    'cut-reply',
    'reset-reply',
    'lose-reply',
    'cut-request',
    'lose-request',
    'hold-request',
  ]
  it.each(lost)('an addition counts once at most, and as often as it says: %s', async (kind) => {
    const space = randomUUID()
    const proxy = await FaultProxy.start({ target: { port: Number(new URL(url).port) } })
    onTestFinished(() => proxy.stop())
    const cache = (await open(client, proxy.url)).namespace(space)
    const key = keys.entry(space, 'n')
    const counted = async (): Promise<number> => Number(await ask('GET', key))
    expect(await cache.increment('n')).toBe(1)
    const times = kind.startsWith('cut') || kind.startsWith('reset') ? 3 : 1
    for (let time = 0; time < times; time += 1) {
      const before = await counted()
      const matches: RequestMatch = ({ name, args }) =>
        /^eval(sha)?$/.test(name) && args.some((arg) => arg.includes(key))
      const armed = proxy.once(matches, kind)
      const answer = await cache.increment('n').catch((error: unknown) => error)
      expect(armed.hits).toBe(1)
      if (kind === 'hold-request') {
        const executed = proxy.answered(matches)
        armed.release()
        await executed
      }
      // What is lost is all that follows on that connection.
      if (kind.startsWith('lose')) proxy.reset()
      await inService(() => cache.exists('n'))
      const after = await counted()
      if (typeof answer === 'number') expect([answer, after]).toEqual([before + 1, before + 1])
      else {
        expect(answer).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
        const { maybeApplied } = answer as { maybeApplied: boolean }
        expect(after).toBeGreaterThanOrEqual(before)
        expect(after).toBeLessThanOrEqual(maybeApplied ? before + 1 : before)
        if (kind === 'hold-request') expect(after).toBe(before)
      }
      expect(Number(await ask('PTTL', key))).toBeGreaterThan(0)
    }
  })
})
