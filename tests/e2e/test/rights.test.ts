import { readFileSync } from 'node:fs'
import { type Holdfast, type Storage, createHoldfast } from '@holdfast/core'
import type { Feature } from '@holdfast/core/storage'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { RespConnection } from '@holdfast/test-support/resp'
import { type RedisNode, RedisCluster, Replicated } from '@holdfast/test-support/servers'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'

/** The lines that the documents give to copy, unchanged: for all apps, for one, and for one feature of that each. */
const document = readFileSync(new URL('../../../docs/operations/rights.md', import.meta.url), 'utf8')
const lines = document.match(/^ACL SETUSER .*$/gm) ?? []
const password = 'a-long-password'
const allow = async (node: RedisNode) => {
  for (const line of lines) await node.ask(...line.split(' '))
}
const ALL: readonly Feature[] = ['locks', 'idempotency', 'cache']
/** The user of all apps has the default prefix here. */
const users: readonly User[] = [
  { user: 'the documented user', username: 'holdfast', prefix: undefined, features: ALL },
  { user: 'the documented user of one app', username: 'shop', prefix: 'shop', features: ALL },
  { user: 'the documented user of locks', username: 'shop-locks', prefix: 'shop', features: ['locks'] },
  { user: 'the documented user of jobs', username: 'shop-jobs', prefix: 'shop', features: ['idempotency'] },
  { user: 'the documented user of the cache', username: 'shop-cache', prefix: 'shop', features: ['cache'] },
]

interface User {
  readonly user: string
  readonly username: string
  readonly prefix: string | undefined
  readonly features: readonly Feature[]
}

const single = await Replicated.start({ replicas: 1 })
const cluster = await RedisCluster.start()
const nodes = [single.primary, ...cluster.nodes]
await Promise.all([...nodes, ...single.replicas].map(allow))
afterAll(async () => await Promise.all([single.stop(), cluster.stop()]))

interface Opened {
  readonly storage: Storage
  /** Ends every connection, as a process does that dies. */
  readonly die: () => void
}
/** Each client has its own network, which dies with it: an open Holdfast keeps its storage's connections. */
const ownNetwork = () => FaultProxy.start({ target: { port: single.primary.port } })
const urlOf = ({ url }: FaultProxy, username: string) =>
  url.replace('redis://', `redis://${username}:${password}@`)
const rootNodes = cluster.seeds.map((socket) => ({ socket }))
const clients: Readonly<Record<string, (username: string) => Opened | Promise<Opened>>> = {
  ioredis: async (username) => {
    const network = await ownNetwork()
    const client = new Redis(urlOf(network, username))
    client.on('error', () => {})
    return { storage: ioredisStorage(client), die: () => void network.stop().then(() => client.disconnect()) }
  },
  'ioredis, a cluster': (username) => {
    const client = new Cluster([...cluster.seeds], { redisOptions: { username, password } })
    client.on('error', () => {})
    const storage = ioredisStorage(client)
    return { storage, die: () => void storage.close().then(() => client.disconnect()) }
  },
  redis: async (username) => {
    const network = await ownNetwork()
    const client = createClient({ url: urlOf(network, username) })
    client.on('error', () => {})
    await client.connect()
    return { storage: nodeRedisStorage(client), die: () => void network.stop().then(() => client.destroy()) }
  },
  'redis, a cluster': async (username) => {
    const client = createCluster({ rootNodes, defaults: { username, password } })
    client.on('error', () => {})
    await client.connect()
    const storage = nodeRedisStorage(client)
    return { storage, die: () => void storage.close().then(() => client.destroy()) }
  },
}

const cases = users.flatMap((user) =>
  Object.entries(clients).map(([client, connect]) => ({ ...user, client, connect })),
)

describe.for(cases)('$user, over $client', ({ username, prefix, features, client, connect }) => {
  const open = () => connect(username)
  const inCluster = client.endsWith('cluster')
  /** How many processes listen for this lock: each has its own channel. */
  const listening = async (): Promise<number> => {
    if (!inCluster)
      return ((await single.primary.ask('PUBSUB', 'CHANNELS', '{holdfast:w:*')) as string[]).length
    const channels = await Promise.all(cluster.nodes.map((node) => node.ask('PUBSUB', 'SHARDCHANNELS')))
    return (channels.flat() as string[]).filter((channel) => channel.includes(':passed over,')).length
  }

  const useLocks = async (a: Holdfast, b: Holdfast): Promise<void> => {
    // Locks: handed over, several, a semaphore, operators, durability.
    const lease = await a.locks.acquire('lock', { waitMs: 60_000 })
    const waiting = b.locks.acquire('lock', { waitMs: 60_000 })
    await expect.poll(async () => (await a.locks.inspect('lock')).waiting).toBe(1)
    await lease.extend(1_000)
    expect(await lease.release()).toBe('released')
    await waiting
    expect(await a.locks.revoke('lock')).toHaveLength(1)
    await (await a.locks.acquireAll(['x', 'y'], { waitMs: 60_000 })).release()
    expect(await a.locks.semaphore('permits', { permits: 2 }).run(() => 'in')).toBe('in')
    if (!inCluster) {
      const durability = { replicas: 1, timeoutMs: 30_000 }
      expect(await a.locks.run('durable', { durability, waitMs: 60_000 }, () => 'in')).toBe('in')
    }
  }
  const useJobs = async (a: Holdfast, b: Holdfast): Promise<void> => {
    // Jobs: watched, notified, listed, cancelled, forgotten.
    const { promise: worked, resolve: work } = Promise.withResolvers<void>()
    const running = a.idempotency.run('job', 'k', async (execution) => {
      await execution.updateProgress(50, 'half')
      await execution.saveCheckpoint({ at: 1 })
      await worked
      return 'done'
    })
    await expect.poll(() => b.idempotency.isExecuting('job', 'k')).toBe(true)
    const waited = b.idempotency.waitForCompletion('job', 'k', { waitMs: 60_000 })
    expect(await b.idempotency.requestCancel('job', 'k', { reason: 'tried' })).toBe(true)
    work()
    expect(await running).toMatchObject({ result: 'done' })
    expect(await waited).toMatchObject({ result: 'done' })
    expect((await b.idempotency.list('job')).executions).toHaveLength(1)
    await b.idempotency.cleanupExpiredExecutions(60_000)
    await b.idempotency.forget('job', 'k')
  }
  const useCache = async (a: Holdfast, b: Holdfast): Promise<void> => {
    // The cache.
    expect(await a.cache.getOrCreate('value', () => 1)).toBe(1)
    await b.cache.set('value', 2)
    expect([await a.cache.get('value'), await a.cache.remove('value')]).toEqual([2, 1])
  }

  it('can do everything that it is for, and nothing is refused on the way', async () => {
    for (const node of nodes) await node.ask('ACL', 'LOG', 'RESET')
    const [one, other] = [await open(), await open()]
    const [a, b] = [one, other].map(({ storage }) => createHoldfast({ storage, prefix })) as [
      Holdfast,
      Holdfast,
    ]
    // Nothing is said of rights; that the servers keep nothing is another matter, and none of a cache.
    const found = features.some((feature) => feature !== 'cache') ? ['NO_PERSISTENCE'] : []
    const verify = async () => await one.storage.verify({ app: prefix ?? 'app', features })
    // On a busy machine a message may take longer than `verify()` waits for it.
    await expect.poll(async () => [...new Set((await verify()).map(({ code }) => code))]).toEqual(found)
    if (features === ALL) expect(await a.health()).toMatchObject({ status: 'up' })

    if (features.includes('locks')) await useLocks(a, b)
    if (features.includes('idempotency')) await useJobs(a, b)
    if (features.includes('cache')) await useCache(a, b)

    await Promise.all([a.close(), b.close()])
    for (const node of nodes) expect(await node.ask('ACL', 'LOG')).toEqual([])
    for (const { die } of [one, other]) die()
  })

  // What a user of one feature may not do is tried below.
  it.skipIf(prefix === undefined || features !== ALL)(
    'reaches nothing of another app, and health() names the rights to it',
    async () => {
      const { storage, die } = await open()
      const other = createHoldfast({ storage, prefix: 'shop2' })
      const refused = { code: 'STORAGE_REFUSED' }
      await expect(other.locks.acquire('lock')).rejects.toMatchObject(refused)
      await expect(other.idempotency.run('job', 'k', () => 'done')).rejects.toMatchObject(refused)
      await expect(storage.values.getMany(['shop2:value'])).rejects.toMatchObject(refused)
      const { status, findings } = await other.health()
      expect(status).toBe('degraded')
      const fixes = findings.flatMap(({ stopsWork, fix }) => (stopsWork ? [fix] : []))
      expect(fixes).toHaveLength(2)
      for (const fix of fixes) expect(fix).toContain(' ~{holdfast:r:shop2:* ')
      await other.close()
      die()
    },
  )

  // Receivers of classic messages cannot be counted in a cluster.
  it.skipIf(client === 'ioredis, a cluster' || !features.includes('locks'))(
    'passes over a waiter that has died, at once',
    async () => {
      const opened = [await open(), await open(), await open()] as const
      // If it were not passed over, it would have the lock for longer than the next one waits.
      const options = { leaseMs: 600_000, claimMs: 60_000, waitMs: 30_000 }
      const [holder, dead, next] = opened.map(({ storage }) =>
        createHoldfast({ storage, prefix, locks: options }),
      )
      if (!holder || !dead || !next) throw new Error('three were opened')
      const name = `passed over, ${client}`
      const lease = await holder.locks.acquire(name)
      const queued = async (count: number) =>
        await expect.poll(async () => (await holder.locks.inspect(name)).waiting).toBe(count)
      const never = dead.locks.acquire(name).catch(() => 'died')
      await queued(1)
      const waiting = next.locks.acquire(name)
      await queued(2)
      // Outside of a cluster the holder listens, too.
      const all = inCluster ? 2 : 3
      await expect.poll(listening).toBe(all)
      opened[1].die()
      await expect.poll(listening).toBe(all - 1)
      await lease.release()
      await (await waiting).release()
      await Promise.all([holder, dead, next].map((each) => each.close()))
      await never
      for (const { die } of opened) die()
    },
  )
})

const mayNot = [
  ['FLUSHALL'],
  ['FLUSHDB'],
  ['SWAPDB', '0', '1'],
  ['KEYS', '*'],
  ['RANDOMKEY'],
  ['CONFIG', 'SET', 'maxmemory', '1'],
  ['ACL', 'SETUSER', 'holdfast', 'allkeys'],
  ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ['CLIENT', 'PAUSE', '1'],
  ['SCRIPT', 'FLUSH'],
  ['FUNCTION', 'FLUSH'],
  ['MONITOR'],
  ['SAVE'],
  ['SHUTDOWN'],
  ['REPLICAOF', '127.0.0.1', '1'],
  ['GET', 'other:v:key'],
  ['SET', 'other', 'v'],
  ['EVAL', "return redis.call('FLUSHALL')", '0'],
  ['EVAL', "return redis.call('GET', 'other:v:key')", '0'],
  ['SUBSCRIBE', '{other:w:process}'],
  ['PSUBSCRIBE', '*'],
  ['PUBLISH', '{other:w:process}', 'm'],
]
const ofOtherApps = [
  ['GET', 'holdfast:v:app:key'],
  ['GET', 'holdfast:v:shop2:key'],
  ['GET', 'holdfast:v:shop'],
  ['MGET', 'holdfast:v:shop:key', 'holdfast:v:app:key'],
  ['GET', '{holdfast:r:app:video:3}:key'],
  ['LRANGE', '{holdfast:r:shop2:video:3}#', '0', '-1'],
  ['GET', '{holdfast:l:app:lock:stock}:s'],
  ['ZRANGE', '{holdfast:l:shop2:lock:stock}:q', '0', '-1'],
  ['EVAL', "return redis.call('GET', '{holdfast:r:app:video:3}:key')", '0'],
  ['SUBSCRIBE', '{holdfast:r:app:video:3}:key'],
  ['SSUBSCRIBE', '{holdfast:l:app:lock:stock}:s:w:process'],
  ['PSUBSCRIBE', '{holdfast:*'],
  ['PUBLISH', '{holdfast:r:app:video:3}:key', 'm'],
]

/** What each feature does, and the users of the others may not. */
const ofFeatures: Readonly<Record<Feature, readonly string[][]>> = {
  locks: [
    ['GET', '{holdfast:l:shop:lock:stock}:s'],
    ['ZADD', '{holdfast:l:shop:lock:stock}:q', '1', 'm'],
    ['SUBSCRIBE', '{holdfast:w:process}'],
  ],
  idempotency: [
    ['GET', '{holdfast:r:shop:video:3}:key'],
    ['RPUSH', '{holdfast:r:shop:video:3}#', 'm'],
    ['SUBSCRIBE', '{holdfast:r:shop:video:3}:key'],
  ],
  cache: [
    ['GET', 'holdfast:v:shop:key'],
    ['HSET', 'holdfast:v:shop:key', 'f', 'v'],
    ['SCAN', '0'],
    ['SUBSCRIBE', 'holdfast:v:shop:key'],
  ],
}

describe.for(users)('$user', ({ username, prefix, features }) => {
  const ofOthers = ALL.filter((feature) => !features.includes(feature)).flatMap((each) => ofFeatures[each])
  const refused = [...mayNot, ...(prefix === undefined ? [] : ofOtherApps), ...ofOthers]
  it.for(refused)('may not %s', async (command) => {
    for (const { address } of [single.primary, ...cluster.nodes.slice(0, 1)]) {
      using connection = await RespConnection.open(address)
      await connection.send('AUTH', username, password)
      await expect(connection.send(...command)).rejects.toThrow(/NOPERM|ACL|can't run|can't access/)
    }
  })
})
