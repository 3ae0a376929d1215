import { type Locks, type Storage, createLocks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { RedisCluster, RedisNode } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clients, connect } from '../src/connect.ts'

/** Short, because waiters notice the loss when the holder's lease should have ended. */
const OPTIONS = { leaseMs: 2_000, waitMs: 60_000 }

/** This many calls of one process; the first holds until `meanwhile` has happened. Resolves with the holders. */
async function inTurn(
  locks: Locks,
  name: string,
  calls: number,
  meanwhile: () => Promise<void>,
): Promise<unknown[]> {
  const had: unknown[] = []
  await listening(locks)
  const held = await locks.acquire(name, OPTIONS)
  const others = Array.from({ length: calls - 1 }, (_, index) =>
    locks.run(name, OPTIONS, () => had.push(index)).catch((error: unknown) => had.push(error)),
  )
  await expect.poll(async () => (await locks.inspect(name)).waiting).toBe(calls - 1)
  await meanwhile()
  await held.release().catch(() => undefined)
  await Promise.all(others)
  return had.sort((a, b) => Number(a) - Number(b))
}

/** Pushes have arrived, so later callers trust their places. */
async function listening(locks: Locks): Promise<void> {
  const held = await locks.acquire('first', OPTIONS)
  const waiting = locks.acquire('first', OPTIONS)
  await expect.poll(async () => (await locks.inspect('first')).waiting).toBe(1)
  await held.release()
  await (await waiting).release()
}

describe.for(clients)('waiters of one process over %s', (client) => {
  let node: RedisNode
  beforeAll(async () => {
    node = await RedisNode.start()
  })
  afterAll(async () => await node.stop())

  it.for(['everything', 'the queue'])('all get their turns when the server loses %s', async (what) => {
    const lose = async (): Promise<void> => {
      if (what === 'everything') return void (await node.ask('FLUSHALL'))
      for (const key of (await node.ask('KEYS', '*:q')) as string[]) await node.ask('DEL', key)
    }
    await using connected = await connect(client, node.url)
    const locks = createLocks(connected.storage, { callTimeoutMs: 60_000 })
    expect(await inTurn(locks, 'a', 5, lose)).toEqual([0, 1, 2, 3])
    await locks.close()
  })
})

describe('waiters of one process over a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await RedisCluster.start()
  })
  afterAll(async () => await cluster.stop())

  const overIoredis = async (shardedSubscribers: boolean): Promise<[Storage, () => void]> => {
    const client = new Cluster([...cluster.seeds], { shardedSubscribers })
    client.on('error', () => {})
    return [ioredisStorage(client), () => client.disconnect()]
  }
  const overNodeRedis = async (): Promise<[Storage, () => void]> => {
    const client = createCluster({ rootNodes: cluster.seeds.map((socket) => ({ socket })) })
    client.on('error', () => {})
    await client.connect()
    return [nodeRedisStorage(client), () => client.destroy()]
  }

  it.for([
    ['ioredis', () => overIoredis(false)],
    ['ioredis with sharded pub/sub', () => overIoredis(true)],
    ['redis', overNodeRedis],
  ] as const)('all get their turns when the slot moves to another master, %s', async ([name, open]) => {
    const [storage, end] = await open()
    const locks = createLocks(storage, { callTimeoutMs: 60_000 })
    const had = await inTurn(locks, name, 9, async () => {
      const queues = await Promise.all(cluster.nodes.map(async (node) => await node.ask('KEYS', '*:q')))
      const [key = ''] = queues.flat() as string[]
      const from = await cluster.ownerOf(key)
      const to = cluster.nodes.find((node) => node !== from) as RedisNode
      await cluster.moveSlot(key, to)
      expect(await to.ask('EXISTS', key)).toBe(1)
    })
    expect(had).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    await locks.close()
    await storage.close()
    end()
  })
})
