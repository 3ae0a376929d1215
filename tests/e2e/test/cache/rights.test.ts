import { type Cache, entry } from '@holdfast/core'
import { aclRules } from '@holdfast/redis-protocol'
import { afterAll, describe, expect, it } from 'vitest'
import { oneServer, threeMasters } from '../../src/cache/cache-world.ts'
import { openCache } from '../../src/cache/open-cache.ts'
import { type ClientVersion, everyClient, everyClusterClient } from '../../src/cache/open-storage.ts'
import { until } from '../../src/poll.ts'
import { PATIENT } from '../../src/cache/patient.ts'

const cacheOf = (prefix: string) => aclRules({ prefix, features: ['cache'] })

const [server, cluster] = await Promise.all([oneServer(), threeMasters()])
afterAll(async () => await Promise.all([server.stop(), cluster.stop()]))

describe.each([
  { where: 'one server', servers: server, clients: everyClient },
  { where: 'a cluster', servers: cluster, clients: everyClusterClient },
])('the user of the cache alone, on $where,', PATIENT, ({ servers, clients }) => {
  const open = (client: ClientVersion, prefix: string): Promise<Cache> =>
    openCache(client, servers.place, { prefix }, { username: 'app', password: 'secret' })

  it.each(clients)('does all that the cache does, and is refused nothing on the way: %s', async (client) => {
    const prefix = 'sh*p[1]'
    await servers.askAll('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...cacheOf(prefix))
    await servers.askAll('ACL', 'LOG', 'RESET')
    const [one, other] = [await open(client, prefix), await open(client, prefix)]
    const cache = one.namespace(client)
    const beside = other.namespace(client)
    const tagged = { tags: ['t'], staleMs: 60_000 } as const

    await cache.set('k', { a: 1 }, tagged)
    await cache.setMany({ l: 1, m: 2 })
    expect(await cache.get('k')).toEqual({ a: 1 })
    expect(await cache.getMany(['l', 'm'])).toEqual(
      new Map([
        ['l', 1],
        ['m', 2],
      ]),
    )
    expect(await cache.getEntry('k')).toMatchObject({ isStale: false })
    expect(await cache.exists('k')).toBe(true)
    expect(await cache.expire('k')).toBe(true)
    expect(await cache.getOrCreate('k', () => entry('loaded', { tags: ['own'] }), tagged)).toBe('loaded')
    expect(
      await cache.getOrCreate('k', () => 'refreshed', { ...tagged, refresh: true, earlyRefresh: true }),
    ).toBe('refreshed')
    await cache.getOrCreateMany(['x', 'y'], (keys) => new Map(keys.map((key) => [key, 1])))

    // One that waits for another process, which it hears of.
    const go = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const first = cache.getOrCreate('slow', async () => {
      began.resolve()
      await go.promise
      return 'slow'
    })
    await began.promise
    const waiting = beside.getOrCreate('slow', () => 'twice')
    await until(() => beside.stats().waits > 0 || undefined)
    go.resolve()
    expect(await Promise.all([first, waiting])).toEqual(['slow', 'slow'])

    expect(await cache.increment('n', 2)).toBe(2)
    expect(await cache.decrement('n')).toBe(1)
    await cache.hashSet('h', { a: 1, b: 2 })
    expect([await cache.hashGet('h', 'a'), await cache.hashGetAll('h')]).toEqual([1, { a: 1, b: 2 }])
    expect(await cache.hashDelete('h', 'a')).toBe(1)
    await cache.invalidateTags(['t'])
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.removeByPattern('h*')).toMatchObject({ removed: 1 })
    expect(await cache.remove(['l', 'm', 'n'])).toBe(3)
    await cache.clear()
    expect(await beside.get('slow')).toBeUndefined()
    expect((await servers.askAll('ACL', 'LOG')).flat()).toEqual([])
  })

  it.each(clients)('reaches nothing of another app: %s', async (client) => {
    await servers.askAll('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...cacheOf('shop'))
    const other = await open(client, 'shop2')
    const refused = { code: 'STORAGE_REFUSED' }
    await expect(other.get('k')).rejects.toMatchObject(refused)
    await expect(other.set('k', 1)).rejects.toMatchObject(refused)
    await expect(other.remove('k')).rejects.toMatchObject(refused)
    await expect(other.increment('k')).rejects.toMatchObject(refused)
    await expect(other.clear()).rejects.toMatchObject(refused)
    // The app goes on all the same.
    expect(await other.getOrCreate('k', () => 'loaded')).toBe('loaded')
    expect(other.stats()).toMatchObject({ breaker: 'closed', queuedRemovals: 0 })
  })
})
