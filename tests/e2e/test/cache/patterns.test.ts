import { randomUUID } from 'node:crypto'
import { type Cache, escapeGlob } from '@holdfast/core'
import { afterAll, describe, expect, it } from 'vitest'
import { oneServer, threeMasters } from '../../src/cache/cache-world.ts'
import { openCache } from '../../src/cache/open-cache.ts'
import { type ClientVersion, everyClient, everyClusterClient } from '../../src/cache/open-storage.ts'
import { PATIENT } from '../../src/cache/patient.ts'
import { inService } from '../../src/poll.ts'

const [server, cluster] = await Promise.all([oneServer(), threeMasters()])
afterAll(async () => await Promise.all([server.stop(), cluster.stop()]))

describe.each([
  { where: 'one server', servers: server, clients: everyClient },
  { where: 'three masters', servers: cluster, clients: everyClusterClient },
])('removeByPattern on $where', PATIENT, ({ servers, clients }) => {
  const open = (client: ClientVersion, prefix: string): Promise<Cache> =>
    openCache(client, servers.place, { prefix })

  it.each(clients)('removes values, hashes and counters that match, and nothing else: %s', async (client) => {
    const id = randomUUID()
    const cache = await open(client, `${id}*[a]?\\`)
    // They would match if a character of the prefix stood for another.
    const others = [
      await open(client, `${id}xa?\\`),
      await open(client, `${id}*ab\\`),
      await open(client, id),
    ]
    const spaces = [cache.namespace('k'), cache.namespace('n').namespace('m')]
    const names = Array.from({ length: 60 }, (_, i) => `k${i}`)
    const all = Object.fromEntries(names.map((name) => [name, 1]))
    for (const each of [cache, ...others, ...spaces]) await inService(() => each.setMany(all))
    for (const i of [1, 2, 3]) {
      await cache.increment(`k counter ${i}`)
      await cache.hashSet(`k hash ${i}`, 'f', 1)
    }
    await cache.setMany({ 'a*b': 1, axb: 1, 'a[x]b': 1, 'a\\b': 1, 'a?b': 1, 'ä ☃ b': 1 })
    const { removed, scanned } = await cache.removeByPattern('k*')
    expect(removed).toBe(66)
    expect(scanned).toBeGreaterThanOrEqual(66)
    expect(await cache.getMany(names)).toEqual(new Map())
    expect(await cache.increment('k counter 1')).toBe(1)
    expect(await cache.hashGetAll('k hash 1')).toEqual({})
    for (const each of [...others, ...spaces]) expect((await each.getMany(names)).size).toBe(60)
    for (const name of ['a*b', 'a[x]b', 'a\\b', 'a?b', 'ä ☃ b']) {
      expect(await cache.removeByPattern(escapeGlob(name)), name).toMatchObject({ removed: 1 })
      expect(await cache.exists(name), name).toBe(false)
    }
    expect(await cache.get('axb')).toBe(1)
    expect(await cache.removeByPattern('a[w-y]b')).toMatchObject({ removed: 1 })
    expect(await cache.removeByPattern('nothing *')).toMatchObject({ removed: 0 })
  })

  it.each(['ioredis 6', 'redis 6'] as const)(
    'ends between two steps when it is aborted, or when onProgress throws: %s',
    async (client) => {
      const cache = await open(client, randomUUID())
      // What other apps have, so that there are many steps.
      const noise = Array.from({ length: 15_000 }, (_, i) => `noise ${i}`)
      const others = await open(client, randomUUID())
      await inService(() => others.setMany(Object.fromEntries(noise.map((name) => [name, 1]))))
      const names = Array.from({ length: 2_000 }, (_, i) => `k${i}`)
      await inService(() => cache.setMany(Object.fromEntries(names.map((name) => [name, 1]))))
      const steps: number[] = []
      const controller = new AbortController()
      const reason = new Error('enough')
      const aborted = cache.removeByPattern('k*', {
        signal: controller.signal,
        onProgress: ({ scanned }) => {
          steps.push(scanned)
          controller.abort(reason)
        },
      })
      await expect(aborted).rejects.toBe(reason)
      expect(steps).toHaveLength(1)
      const thrown = cache.removeByPattern('k*', {
        onProgress: () => {
          throw reason
        },
      })
      await expect(thrown).rejects.toBe(reason)
      const before = AbortSignal.abort(reason)
      await expect(cache.removeByPattern('k*', { signal: before })).rejects.toBe(reason)
      const left = (await inService(() => cache.getMany(names))).size
      expect(await cache.removeByPattern('k*')).toMatchObject({ removed: left })
      expect(cache.stats().queuedRemovals).toBe(0)
      await servers.askAll('FLUSHALL')
    },
  )
})
