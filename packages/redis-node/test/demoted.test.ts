import { type Lease, type Locks, createLocks } from '@holdfast/core'
import { RedisCluster, type RedisNode, Replicated, until } from '@holdfast/test-support/servers'
import { createClientPool, createCluster } from 'redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type NodeRedisClient, nodeRedisStorage } from '../src/index.ts'

const OPTIONS = { leaseMs: 600_000, waitMs: 600_000 }
/** Nothing that is lost heals by itself within a test. */
const CLAIM_MS = 60_000

type Client = NodeRedisClient & { connect(): Promise<unknown>; destroy(): unknown }

async function locksOver(client: Client): Promise<Locks> {
  client.on('error', () => {})
  await client.connect()
  const storage = nodeRedisStorage(client)
  const locks = createLocks(storage, { claimMs: CLAIM_MS })
  onTestFinished(async () => {
    await locks.close({ graceMs: 0 })
    await storage.close()
    await client.destroy()
  })
  return locks
}

/** One holds, the other waits. */
async function heldAndWaitedFor(name: string, holder: Locks, waiter: Locks) {
  const held = await holder.acquire(name, OPTIONS)
  const next = waiter.acquire(name, OPTIONS)
  next.catch(() => {})
  await until('it waits', async () => (await holder.inspect(name)).waiting === 1)
  return { held, next }
}

/** The release hands the lock over in the same step: the waiter is counted. */
async function isHandedOver(name: string, holder: Locks, waiter: Locks): Promise<boolean> {
  const { held, next } = await heldAndWaitedFor(name, holder, waiter)
  await held.release()
  const { holders } = await holder.inspect(name)
  const lease: Lease = await next
  await lease.release()
  return holders[0]?.token === lease.token
}

describe('a pool of node-redis', () => {
  async function fleet() {
    const servers = await Replicated.start({ replicas: 1 })
    onTestFinished(async () => await servers.stop())
    const [replica] = servers.replicas
    if (replica === undefined) throw new Error('there is no replica')
    const join = async (): Promise<Locks> =>
      await locksOver(createClientPool({ url: servers.url }, { minimum: 2, maximum: 2 }))
    return { servers, replica, join }
  }
  const channels = async (node: RedisNode): Promise<number> =>
    ((await node.ask('PUBSUB', 'CHANNELS')) as readonly string[]).length

  it('moves a link that leads to another server once a waiter has lost its place', async () => {
    const { servers, replica, join } = await fleet()
    const [holder, waiter] = [await join(), await join()]
    await (await holder.acquire('warm')).release()
    await until('the holder listens', async () => (await channels(servers.primary)) === 1)
    servers.endpoint.redirect(replica.address)
    await (await waiter.acquire('warm')).release()
    await until('the waiter listens, elsewhere', async () => (await channels(replica)) === 1)
    servers.endpoint.redirect(servers.primary.address)
    const { held, next } = await heldAndWaitedFor('a', holder, waiter)
    await held.release()
    await (await next).release()
    await until('both listen where the locks are', async () => (await channels(servers.primary)) === 2)
    await until('and none elsewhere', async () => (await channels(replica)) === 0)
    expect(await isHandedOver('a', holder, waiter)).toBe(true)
  })

  it('moves its link when its members have connected anew', async () => {
    const { servers, replica, join } = await fleet()
    const all = [await join(), await join()]
    for (const locks of all) await (await locks.acquire('warm')).release()
    await until('both listen', async () => (await channels(servers.primary)) === 2)
    const old = servers.primary
    await servers.demote(replica)
    await old.ask('CLIENT', 'KILL', 'TYPE', 'normal')
    await until('both listen on the new primary', async () => (await channels(servers.primary)) === 2)
    await until('and no more on the old one', async () => (await channels(old)) === 0)
  })
})

describe('sharded channels of a cluster, over node-redis', () => {
  it('hand over again when a master is demoted that lives on with its subscribers', async () => {
    const servers = await RedisCluster.start({ replicas: 1 })
    onTestFinished(async () => await servers.stop())
    const rootNodes = servers.seeds.map((socket) => ({ socket }))
    const [holder, waiter] = [
      await locksOver(createCluster({ rootNodes })),
      await locksOver(createCluster({ rootNodes })),
    ]
    const { held, next } = await heldAndWaitedFor('a', holder, waiter)
    const channelsOf = async (node: RedisNode): Promise<readonly string[]> =>
      (await node.ask('PUBSUB', 'SHARDCHANNELS')) as readonly string[]
    const subscribed = async (): Promise<RedisNode[]> => {
      const counts = await Promise.all(servers.nodes.map(async (node) => (await channelsOf(node)).length))
      return servers.nodes.filter((_, index) => counts[index] !== 0)
    }
    await until('it listens', async () => (await subscribed()).length === 1)
    const [old] = await subscribed()
    if (old === undefined) throw new Error('no subscriber')
    const [channel = ''] = await channelsOf(old)
    const promoted = await servers.handOver(old)
    await held.release()
    await (await next).release()
    await until('a release hands it over again', async () => await isHandedOver('a', holder, waiter))
    // By the server or by the client, with or without a count: what matters is that it listens there now, and only there.
    await until('it listens there only', async () => {
      const nodes = await subscribed()
      return nodes.length === 1 && nodes[0] === promoted && (await channelsOf(promoted)).includes(channel)
    })
  })
})
