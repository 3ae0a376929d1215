import { once } from 'node:events'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
import { generations } from '../peer/dotnet-peer.ts'
import { nodeWork } from './jobs.ts'
import { LOCKED, held, openStage } from './stage.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

async function abortOf(signal: AbortSignal | undefined): Promise<unknown> {
  if (signal?.aborted === false) await once(signal, 'abort')
  return signal?.reason
}

describe.concurrent.for(generations)('a Node job beside .NET %s', (generation) => {
  it.for(['deleted', 'taken'] as const)(
    'H1, H2: the key of its lock is %s: its signal aborts, and nothing of .NET is touched',
    async (what, { expect }) => {
      const signals: AbortSignal[] = []
      const { body, release } = held()
      await using at = await openStage(url, generation, {
        lock: { waitMs: 0 },
        leaseMs: 1_000,
        body: async (_id, signal) => {
          signals.push(signal)
          await body()
        },
      })
      const id = await at.peer.jobs.enqueue(nodeWork)
      await expect.poll(() => signals.length).toBe(1)
      await admin.del(at.peer.keyOf(LOCKED))
      if (what === 'taken') {
        expect(await at.peer.acquire(LOCKED, 0)).toBe(true)
        await admin.persist(at.peer.keyOf(LOCKED))
      }
      expect(await abortOf(signals[0])).toMatchObject({ code: 'LEASE_LOST' })
      release()
      await expect.poll(() => at.server.running).toBe(0)
      expect(await admin.get(at.peer.keyOf(LOCKED))).toBe(what === 'taken' ? at.peer.owner : null)
      if (what === 'taken') expect(await admin.pttl(at.peer.keyOf(LOCKED))).toBe(-1)
      await admin.del(at.peer.keyOf(LOCKED))
      expect(await at.state(id)).not.toBe('Failed')
    },
  )

  it('H6: its server is removed while it runs: it is announced again, and no watcher takes the job', async ({
    expect,
  }) => {
    const { body, release } = held()
    await using at = await openStage(url, generation, { body })
    const id = await at.peer.jobs.enqueue(nodeWork)
    await expect.poll(() => at.witness.begun.length).toBe(1)
    const hash = `${at.prefix}server:${at.server.id}`
    for (const remnant of ['nothing', 'a heartbeat'] as const) {
      await admin.multi().srem(`${at.prefix}servers`, at.server.id).del(hash, `${hash}:queues`).exec()
      if (remnant === 'a heartbeat') await admin.hset(hash, 'Heartbeat', '1795906563707')
      await expect.poll(() => admin.hexists(hash, 'StartedAt')).toBe(1)
      expect(await admin.smembers(`${at.prefix}servers`)).toEqual([at.server.id])
      expect(await at.peer.schedulers.watchFetched()).toEqual([])
      await at.peer.schedulers.removeTimedOutServers(300_000)
    }
    release()
    await expect.poll(() => at.state(id)).toBe('Succeeded')
    expect(at.witness.begun).toEqual([id])
    await expect.poll(at.broken).toEqual([])
  })

  it('H7: an old worker of .NET acknowledges what Node runs: Node goes on, and finishes by H5', async ({
    expect,
  }) => {
    const { body, release } = held()
    await using at = await openStage(url, generation, { body })
    const id = await at.peer.jobs.enqueue(nodeWork)
    // It has a copy, and stands still before it looks at its state.
    await at.copyTo('default', id)
    await expect.poll(() => at.witness.begun.length).toBe(1)
    const copy = await at.peer.server.fetch(['default'])
    if (copy === undefined) throw new Error('no copy')
    await at.peer.server.acknowledge(copy)
    await expect.poll(() => admin.hexists(`${at.prefix}job:${id}`, 'Fetched')).toBe(1)
    expect(await at.peer.schedulers.watchFetched()).toEqual([])
    release()
    await expect.poll(() => at.state(id)).toBe('Succeeded')
    expect(at.witness.begun).toEqual([id])
    await expect.poll(at.broken).toEqual([])
  })

  it('H5: a worker of .NET that ends a copy after Node has, changes nothing', async ({ expect }) => {
    const { body, release } = held()
    await using at = await openStage(url, generation, { body })
    const id = await at.peer.jobs.enqueue(nodeWork)
    await at.copyTo('default', id)
    await expect.poll(() => at.witness.begun.length).toBe(1)
    const copy = await at.peer.server.fetch(['default'])
    release()
    await expect.poll(() => at.state(id)).toBe('Succeeded')
    if (copy !== undefined) await at.peer.server.finish(copy, { result: '"late"' })
    await at.settleCopies()
    expect(await admin.get(`${at.prefix}stats:succeeded`)).toBe('1')
    expect(await admin.hget(`${at.prefix}job:${id}:state`, 'Result')).toBeNull()
    await expect.poll(at.broken).toEqual([])
  })
})
