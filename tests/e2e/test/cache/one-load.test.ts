import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Actor, actorOver } from '../../src/cache/actor.ts'
import { type CacheProcess, CacheProcesses } from '../../src/cache/cache-processes.ts'
import { PREFIX, oneServer, threeMasters } from '../../src/cache/cache-world.ts'
import { redisKeys } from '../../src/cache/keys.ts'
import { openCache } from '../../src/cache/open-cache.ts'
import type { ClientVersion } from '../../src/cache/open-storage.ts'
import { PATIENT } from '../../src/cache/patient.ts'
import { inService, until } from '../../src/poll.ts'

const keys = redisKeys(PREFIX)
const cache = { jitter: 0, waitMs: 120_000, hardTimeoutMs: 300_000 } as const
/** A process that dies may keep the others waiting for so long. */
const REPLACED_WITHIN_MS = 5_000

type Four<T> = readonly [T, T, T, T]
const topologies: readonly {
  readonly where: string
  readonly start: typeof oneServer
  readonly clients: Four<ClientVersion>
}[] = [
  { where: 'one server', start: oneServer, clients: ['ioredis 6', 'redis 6', 'ioredis 5', 'redis 5'] },
  { where: 'a cluster', start: threeMasters, clients: ['redis 6', 'ioredis 6', 'redis 6', 'ioredis 6'] },
]

// The last test kills and stops what the others use.
describe.each(topologies)('four processes over $where:', ({ start, clients }) => {
  const processes = new CacheProcesses()
  let servers: Awaited<ReturnType<typeof start>>
  let all: Four<CacheProcess>
  beforeAll(async () => {
    servers = await start()
    const started = clients.map((client) =>
      processes.start({ client, place: servers.place, cache, prefix: PREFIX }),
    )
    all = (await Promise.all(started)) as unknown as Four<CacheProcess>
  })
  afterAll(async () => {
    await processes[Symbol.asyncDispose]()
    await servers.stop()
  })

  /** Each of these has looked so often, and no call has an answer yet. */
  const looked = async (those: readonly Actor[], space: string, times: number): Promise<void> => {
    for (const each of those) {
      await until(async () => {
        const { hits, misses } = await each.call(space, 'stats')
        return hits + misses >= times || undefined
      })
    }
  }
  const staleEntry = async (by: Actor, space: string): Promise<void> => {
    await by.call(space, 'set', 'stale', 'old', { ttlMs: 1, staleMs: 3_600_000 })
    await until(async () => {
      const found = (await by.call(space, 'getEntry', 'stale')) as { isStale: boolean }
      return found.isStale || undefined
    })
  }
  const lifeOf = async (key: string): Promise<number> => Number(await servers.ask(key, 'PTTL', key))

  it('50 calls of each for a cold key load it once', PATIENT, async () => {
    const [space, name] = [randomUUID(), randomUUID()]
    const load = { name, value: { loaded: 1 }, held: true }
    const answers = all.map((each) => each.loadTimes(50, space, 'k', load))
    await looked(all, space, 50)
    for (const each of all) each.release(name)
    expect((await Promise.all(answers)).flat()).toEqual(Array.from({ length: 200 }, () => ({ loaded: 1 })))
    expect(processes.loads(name)).toHaveLength(1)
  })

  it('50 calls of two for a stale key have it refreshed once, and wait for nothing', PATIENT, async () => {
    const [space, name] = [randomUUID(), randomUUID()]
    const two = all.slice(0, 2) as [CacheProcess, CacheProcess]
    await staleEntry(two[0], space)
    const load = { name, value: 'new', held: true }
    const answers = await Promise.all(two.map((each) => each.loadTimes(50, space, 'stale', load)))
    expect(new Set(answers.flat())).toEqual(new Set(['old']))
    for (const each of two) each.release(name)
    await until(async () => (await two[0].call(space, 'get', 'stale')) === 'new' || undefined)
    expect(processes.loads(name)).toHaveLength(1)
  })

  it.each(clients.slice(0, 2))(
    'an aborted caller leaves alone; with the last one the load is aborted, and others load at once: %s',
    PATIENT,
    async (client) => {
      const ours = await openCache(client, servers.place, cache)
      const began = Promise.withResolvers<AbortSignal>()
      const here = actorOver(ours, (_, { signal }) => began.resolve(signal))
      const [space, name] = [randomUUID(), randomUUID()]
      const [one, last] = [new AbortController(), new AbortController()]
      const load = { name, held: true }
      const ended = (signal: AbortSignal): Promise<unknown> =>
        here.load(space, 'k', load, { signal }).catch(({ code }: { code: unknown }) => code)
      const first = ended(one.signal)
      const signal = await began.promise
      const second = ended(last.signal)
      await until(async () => (await here.call(space, 'stats')).joined === 1 || undefined)
      const elsewhere = all[0].load(space, 'k', { name: `${name} again`, value: 'elsewhere' })
      await looked([all[0]], space, 1)
      one.abort()
      expect(await first).toBe('WAIT_ABORTED')
      expect(signal.aborted).toBe(false)
      expect(processes.loads(`${name} again`)).toHaveLength(0)
      last.abort()
      expect(await second).toBe('WAIT_ABORTED')
      expect(signal.aborted).toBe(true)
      expect(await elsewhere).toBe('elsewhere')
      expect(await inService(() => here.call(space, 'get', 'k'))).toBe('elsewhere')
    },
  )

  it('a loader that is killed or stopped is replaced; a stale value is there meanwhile, and one that wakes overwrites nothing', async () => {
    const [victim, zombie, ...heirs] = all
    const [space, name] = [randomUUID(), randomUUID()]
    await staleEntry(victim, space)
    const lost = victim.load(space, 'k0', { name, held: true })
    lost.catch(() => {})
    expect(await victim.load(space, 'stale', { name, held: true })).toBe('old')
    const late = zombie.load(space, 'k1', { name, value: 'late', held: true })
    await until(() => processes.loads(name).length === 3 || undefined)
    const again = { name: `${name} again`, value: 'of the heir' }
    const inherited = heirs.map((heir, i) => heir.loadTimes(3, space, `k${i}`, again))
    await looked(heirs, space, 3)
    zombie.pause()
    await victim.kill()
    for (const key of [keys.entry(space, 'k0'), keys.entry(space, 'k1'), keys.refresh(space, 'stale')])
      expect(await lifeOf(key)).toBeLessThanOrEqual(REPLACED_WITHIN_MS)
    expect((await Promise.all(inherited)).flat()).toEqual(Array.from({ length: 6 }, () => 'of the heir'))
    expect(processes.loads(`${name} again`)).toHaveLength(2)

    zombie.resume()
    zombie.release(name)
    expect(await late).toBe('late')
    for (const each of [zombie, ...heirs])
      expect(await inService(() => each.call(space, 'get', 'k1'))).toBe('of the heir')

    const refresh = { name: `${name} refresh`, value: 'new' }
    const answers = new Set<unknown>()
    await until(async () => {
      answers.add(await heirs[0].load(space, 'stale', refresh))
      return answers.has('new') || undefined
    })
    expect([...answers].every((answer) => answer === 'old' || answer === 'new')).toBe(true)
    expect(processes.loads(`${name} refresh`)).toHaveLength(1)
  })
})
