import { createLocks } from '@holdfast/core'
import { RedisCluster } from '@holdfast/testbed/servers'
import { Cluster } from 'ioredis'
import { afterAll, expect, it } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())

/** How many processes can be told by sharded pub/sub that the lock is theirs. */
async function listeners(name: string): Promise<number> {
  const channels = await Promise.all(servers.nodes.map((node) => node.ask('PUBSUB', 'SHARDCHANNELS')))
  return (channels.flat() as string[]).filter((channel) => channel.includes(`:lock:${name}}`)).length
}

async function join({ sharded }: { readonly sharded: boolean }) {
  const client = new Cluster([...servers.seeds], { shardedSubscribers: sharded })
  client.on('error', () => {})
  const storage = ioredisStorage(client)
  const locks = createLocks(storage, { claimMs: 30_000, callTimeoutMs: 60_000 })
  const vanish = async (): Promise<void> => {
    await storage.close()
    client.disconnect()
  }
  return {
    locks,
    /** Without a word: what it asked for stays asked for. */
    vanish,
    close: async () => {
      await locks.close()
      await vanish()
    },
  }
}

it.each([{ sharded: true }, { sharded: false }])(
  'hands over between processes of a cluster, in order, on locks of many slots: %o',
  async (how) => {
    const processes = await Promise.all([join(how), join(how), join(how)])
    for (const letter of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const name = `${letter}-${how.sharded}`
      const held = await processes[0].locks.acquire(name)
      const order: number[] = []
      const waiting = []
      for (const [i, { locks }] of [...processes, ...processes].entries()) {
        waiting.push(
          locks.acquire(name, { waitMs: 60_000 }).then(async (lease) => {
            order.push(i)
            await lease.release()
          }),
        )
        while ((await locks.inspect(name)).waiting < i + 1) await new Promise(setImmediate)
      }
      // Who is not heard to listen is passed over, and on a busy machine that may take longer than joining the queue.
      await expect.poll(async () => await listeners(name)).toBe(how.sharded ? processes.length : 0)
      await held.release()
      await Promise.all(waiting)
      expect(order).toEqual([0, 1, 2, 3, 4, 5])
    }
    await Promise.all(processes.map(({ close }) => close()))
  },
)

it('passes over a process that is gone, without waiting for its claim time, where pub/sub is sharded', async () => {
  const how = { sharded: true }
  const [holder, gone, live] = await Promise.all([join(how), join(how), join(how)])
  const held = await holder.locks.acquire('g')
  const abandoned = gone.locks.acquire('g', { waitMs: 60_000 }).catch((error: unknown) => error)
  await expect.poll(async () => await listeners('g')).toBe(1)
  const waiting = live.locks.acquire('g', { waitMs: 60_000 })
  await expect.poll(async () => await listeners('g')).toBe(2)
  await gone.vanish()
  await expect.poll(async () => await listeners('g')).toBe(1)
  const startedAt = performance.now()
  await held.release()
  const lease = await waiting
  expect(performance.now() - startedAt).toBeLessThan(25_000)
  await lease.release()
  void gone.locks.close()
  await abandoned
  await Promise.all([holder.close(), live.close()])
})
