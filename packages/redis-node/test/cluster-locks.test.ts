import { type LeasePush, createLocks } from '@holdfast/core'
import { RedisCluster } from '@holdfast/testbed/servers'
import { createCluster } from 'redis'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { nodeRedisStorage } from '../src/index.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())

/** How many processes can be told that the lock is theirs: each has a channel of its own for it. */
async function listeners(name: string): Promise<number> {
  const channels = await Promise.all(servers.nodes.map((node) => node.ask('PUBSUB', 'SHARDCHANNELS')))
  return (channels.flat() as string[]).filter((channel) => channel.includes(`:lock:${name}}`)).length
}

async function join() {
  const client = createCluster({ rootNodes: servers.seeds.map((socket) => ({ socket })) })
  client.on('error', () => {})
  await client.connect()
  const storage = nodeRedisStorage(client)
  const locks = createLocks(storage, { claimMs: 30_000, callTimeoutMs: 60_000 })
  return {
    locks,
    /** Without a word: what it asked for stays asked for. */
    vanish: async () => {
      await storage.close()
      client.destroy()
    },
    close: async () => {
      await locks.close()
      await storage.close()
      client.destroy()
    },
  }
}

it('hands over between processes of a cluster, in order, on locks of many slots', async () => {
  const processes = await Promise.all([join(), join(), join()])
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const held = await processes[0].locks.acquire(name)
    const order: number[] = []
    const waiting = []
    for (const [i, { locks }] of [...processes, ...processes].entries()) {
      waiting.push(
        locks.acquire(name).then(async (lease) => {
          order.push(i)
          await lease.release()
        }),
      )
      while ((await locks.inspect(name)).waiting < i + 1) await new Promise(setImmediate)
    }
    // Who is not heard to listen is passed over, and on a busy machine that may take longer than joining the queue.
    await expect.poll(async () => await listeners(name)).toBe(processes.length)
    await held.release()
    await Promise.all(waiting)
    expect(order).toEqual([0, 1, 2, 3, 4, 5])
  }
  await Promise.all(processes.map(({ close }) => close()))
})

it('passes over a process that is gone, without waiting for its claim time', async () => {
  const [holder, gone, live] = await Promise.all([join(), join(), join()])
  const held = await holder.locks.acquire('g')
  const abandoned = gone.locks.acquire('g', { waitMs: 60_000 }).catch((error: unknown) => error)
  while ((await holder.locks.inspect('g')).waiting < 1) await new Promise(setImmediate)
  const waiting = live.locks.acquire('g', { waitMs: 60_000 })
  while ((await holder.locks.inspect('g')).waiting < 2) await new Promise(setImmediate)
  await gone.vanish()
  const startedAt = performance.now()
  await held.release()
  const lease = await waiting
  expect(performance.now() - startedAt).toBeLessThan(25_000)
  await lease.release()
  void gone.locks.close()
  await abandoned
  await Promise.all([holder.close(), live.close()])
})

it('tells waiters by PUBLISH where sharded pub/sub is refused, as before Redis 7', async () => {
  const grant = async (...rights: string[]): Promise<void> => {
    for (const node of servers.nodes) await node.ask('ACL', 'SETUSER', 'default', ...rights)
  }
  await grant('-spublish', '-ssubscribe')
  onTestFinished(async () => await grant('+@all'))
  const client = createCluster({ rootNodes: servers.seeds.map((socket) => ({ socket })) })
  client.on('error', () => {})
  await client.connect()
  const storage = nodeRedisStorage(client)
  onTestFinished(async () => {
    await storage.close()
    client.destroy()
  })
  const { leases } = storage
  const pushes: LeasePush[] = []
  await leases.listen('two', (push) => pushes.push(push))
  const notAfter = (await storage.time()) + 600_000
  const request = { leaseMs: 600_000, permits: 1, wait: true, claimMs: 60_000, notAfter }
  await leases.acquire('refused', { ...request, token: 'one.1' })
  const queued = await leases.acquire('refused', { ...request, token: 'two.1' })
  expect(queued.outcome).toBe('queued')
  await leases.release('refused', { token: 'one.1', claimMs: 60_000, notAfter })
  await expect.poll(() => pushes).toMatchObject([{ kind: 'granted', token: 'two.1' }])
})
