import { type Lease, createLocks } from '@holdfast/core'
import { RedisCluster, Replicated, type RedisNode, until } from '@holdfast/test-support/servers'
import { Cluster, Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

/** Processes behind an address that follows the primary. */
async function fleet() {
  const servers = await Replicated.start({ replicas: 1 })
  onTestFinished(async () => await servers.stop())
  return {
    servers,
    /** Clients' own connections are ended, as a demotion does it to most; the subscribers' live on. */
    async failOver(): Promise<RedisNode> {
      const [replica] = servers.replicas
      if (replica === undefined) throw new Error('there is no replica')
      const old = servers.primary
      await servers.demote(replica)
      await old.ask('CLIENT', 'KILL', 'TYPE', 'normal')
      return old
    },
    join() {
      const redis = new Redis(servers.url)
      redis.on('error', () => {})
      const storage = ioredisStorage(redis)
      const locks = createLocks(storage)
      onTestFinished(async () => {
        await locks.close({ graceMs: 0 })
        await storage.close()
        redis.disconnect()
      })
      return locks
    },
  }
}

it('lets one in at a time, each with another fence, when subscribers still hang on a demoted server', async () => {
  const { join, failOver } = await fleet()
  const [holder, one, other] = [join(), join(), join()]
  // Every process listens already: what follows finds its subscription standing.
  for (const locks of [one, other]) {
    const held = await holder.acquire('warm')
    const waiting = locks.acquire('warm', { waitMs: 60_000 })
    await until('one waits', async () => (await holder.inspect('warm')).waiting === 1)
    await held.release()
    await (await waiting).release()
  }
  await failOver()
  const first = await holder.acquire('a', { waitMs: 60_000 })
  const granted: Lease[] = []
  const together: string[] = []
  const enter = (lease: Lease): void => {
    for (const before of granted) {
      if (before.remainingMs() > 0) {
        together.push(
          `${before.token} and ${lease.token} with ${before.fencingToken} and ${lease.fencingToken}`,
        )
      }
    }
    granted.push(lease)
  }
  const waiting = [one, other].map(async (locks) => {
    const lease = await locks.acquire('a', { waitMs: 60_000 })
    enter(lease)
    return lease
  })
  await until('both wait', async () => (await holder.inspect('a')).waiting === 2)
  await first.release()
  await until('one is in', async () => granted.length > 0)
  await until('the storage has it, or too many are in', async () => {
    const { holders } = await holder.inspect('a')
    return together.length > 0 || granted.some(({ token }) => token === holders[0]?.token)
  })
  expect(together).toEqual([])
  await granted[0]?.release()
  await Promise.all(waiting)
  expect(together).toEqual([])
  const fences = [first, ...granted].map(({ fencingToken }) => fencingToken)
  expect(new Set(fences).size).toBe(3)
  expect(fences).toEqual([...fences].sort((a, b) => a - b))
})

it('subscribes on the new primary as soon as its client has connected anew', async () => {
  const { servers, join, failOver } = await fleet()
  const all = [join(), join()]
  // A process that acquires listens.
  await Promise.all(
    all.map(async (locks) => await (await locks.acquire('warm', { waitMs: 60_000 })).release()),
  )
  const channels = async (node: RedisNode): Promise<number> =>
    ((await node.ask('PUBSUB', 'CHANNELS')) as readonly string[]).length
  await until('both listen', async () => (await channels(servers.primary)) === 2)
  for (let i = 0; i < 2; i += 1) {
    const old = await failOver()
    await until('both listen on the new primary', async () => (await channels(servers.primary)) === 2)
    await until('and no more on the old one', async () => (await channels(old)) === 0)
  }
})

it('hands over again by sharded channels when a master of a cluster is demoted that lives on with its subscribers', async () => {
  const servers = await RedisCluster.start({ replicas: 1 })
  onTestFinished(async () => await servers.stop())
  const join = () => {
    const redis = new Cluster([...servers.seeds], { shardedSubscribers: true })
    redis.on('error', () => {})
    const storage = ioredisStorage(redis)
    // Nothing that is lost heals by itself within the test.
    const locks = createLocks(storage, { claimMs: 60_000 })
    onTestFinished(async () => {
      await locks.close({ graceMs: 0 })
      await storage.close()
      redis.disconnect()
    })
    return locks
  }
  const [holder, waiter] = [join(), join()]
  const options = { leaseMs: 600_000, waitMs: 600_000 }
  const heldAndWaitedFor = async () => {
    const held = await holder.acquire('a', options)
    const next = waiter.acquire('a', options)
    next.catch(() => {})
    await until('it waits', async () => (await holder.inspect('a')).waiting === 1)
    return { held, next }
  }
  const subscribed = async (): Promise<RedisNode[]> => {
    const channels = await Promise.all(servers.nodes.map((node) => node.ask('PUBSUB', 'SHARDCHANNELS')))
    return servers.nodes.filter((_, index) => (channels[index] as readonly string[]).length > 0)
  }
  const { held, next } = await heldAndWaitedFor()
  await until('it listens', async () => (await subscribed()).length === 1)
  const [old] = await subscribed()
  if (old === undefined) throw new Error('it does not listen')
  const promoted = await servers.handOver(old)
  await held.release()
  await (await next).release()
  await until('a release hands it over again', async () => {
    const again = await heldAndWaitedFor()
    await again.held.release()
    const { holders } = await holder.inspect('a')
    const lease = await again.next
    await lease.release()
    return holders[0]?.token === lease.token
  })
  await until('it listens there only', async () => {
    const nodes = await subscribed()
    return nodes.length === 1 && nodes[0] === promoted
  })
})
