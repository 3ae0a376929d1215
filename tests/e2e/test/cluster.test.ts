import { createLocks } from '@holdfast/core'
import { type IoredisCluster, ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { RedisCluster } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis5'
import { createCluster } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import { type Connected, connected } from '../src/connect.ts'

const servers = await RedisCluster.start()
const seeds = [...servers.seeds]
afterAll(async () => await servers.stop())

function overIoredis(client: IoredisCluster & { disconnect(): void }): Connected {
  client.on('error', () => {})
  return connected(ioredisStorage(client), () => client.disconnect())
}

async function overNodeRedis(): Promise<Connected> {
  const client = createCluster({ rootNodes: seeds.map((socket) => ({ socket })) })
  client.on('error', () => {})
  await client.connect()
  return connected(nodeRedisStorage(client), () => client.destroy())
}

const clients: Readonly<Record<string, { sharded: boolean; connect(): Connected | Promise<Connected> }>> = {
  'ioredis 6': { sharded: false, connect: () => overIoredis(new Cluster(seeds)) },
  'ioredis 6 with sharded pub/sub': {
    sharded: true,
    connect: () => overIoredis(new Cluster(seeds, { shardedSubscribers: true })),
  },
  'ioredis 5 with sharded pub/sub': {
    sharded: true,
    connect: () => overIoredis(new Cluster5(seeds, { shardedSubscribers: true })),
  },
  'redis 6': { sharded: true, connect: overNodeRedis },
}

/** How many processes sharded pub/sub can notify that the lock is theirs. */
async function listeners(name: string): Promise<number> {
  const channels = await Promise.all(servers.nodes.map((node) => node.ask('PUBSUB', 'SHARDCHANNELS')))
  return (channels.flat() as string[]).filter((channel) => channel.includes(`:lock:${name}}`)).length
}

describe.for(Object.entries(clients))('locks over a cluster, %s', ([client, { sharded, connect }]) => {
  const join = async () => {
    const connected = await connect()
    const locks = createLocks(connected.storage, { claimMs: 60_000, callTimeoutMs: 60_000 })
    return {
      locks,
      /** Ends without leaving the queue: its requests stay in the storage. */
      vanish: async () => await connected[Symbol.asyncDispose](),
      close: async () => {
        await locks.close()
        await connected[Symbol.asyncDispose]()
      },
    }
  }

  it('are handed over between processes, in order, in all slots', async () => {
    const processes = await Promise.all([join(), join(), join()])
    for (const letter of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const name = `${letter} ${client}`
      const held = await processes[0].locks.acquire(name)
      const order: number[] = []
      const waiting = []
      for (const [i, { locks }] of [...processes, ...processes].entries()) {
        waiting.push(
          locks.acquire(name, { waitMs: 120_000 }).then(async (lease) => {
            order.push(i)
            await lease.release()
          }),
        )
        while ((await locks.inspect(name)).waiting < i + 1) await new Promise(setImmediate)
      }
      // A waiter whose subscription is not seen is passed over, and on a busy machine that may take longer than joining the queue.
      await expect.poll(async () => await listeners(name)).toBe(sharded ? processes.length : 0)
      await held.release()
      await Promise.all(waiting)
      expect(order).toEqual([0, 1, 2, 3, 4, 5])
    }
    await Promise.all(processes.map(({ close }) => close()))
  })

  // Classic pub/sub of a cluster does not say.
  if (!sharded) return
  it('pass over a process that has ended', async () => {
    const [holder, gone, live] = await Promise.all([join(), join(), join()])
    const name = `gone ${client}`
    const held = await holder.locks.acquire(name)
    const abandoned = gone.locks.acquire(name, { waitMs: 120_000 }).catch((error: unknown) => error)
    await expect.poll(async () => await listeners(name)).toBe(1)
    const waiting = live.locks.acquire(name, { waitMs: 120_000 })
    await expect.poll(async () => await listeners(name)).toBe(2)
    await gone.vanish()
    await expect.poll(async () => await listeners(name)).toBe(1)
    await held.release()
    const { holders } = await holder.locks.inspect(name)
    const lease = await waiting
    expect(holders.map(({ token }) => token)).toEqual([lease.token])
    await lease.release()
    void gone.locks.close()
    await abandoned
    await Promise.all([holder.close(), live.close()])
  })
})
