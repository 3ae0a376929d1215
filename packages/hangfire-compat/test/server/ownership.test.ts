import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'vitest'
import { handle } from '../../src/server/handle.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer } from '../peer/dotnet-peer.ts'
import { gate } from './gate.ts'
import { echo, openStage, url } from './open-server.ts'

/** A body that says when it has begun and how it was interrupted, and returns when it is let go. */
function observed() {
  const begun: string[] = []
  const reasons: unknown[] = []
  const release = gate()
  return {
    begun,
    reasons,
    release: release.open,
    handler: handle(echo, {}, async ([text], job) => {
      begun.push(text)
      const aborted = once(job.signal, 'abort').then(() => void reasons.push(job.signal.reason))
      await Promise.race([aborted, release.opened])
      return 'returned all the same'
    }),
  }
}

describe.concurrent.for(clients)('a job over %s', (client) => {
  it('H5: deleted or requeued by .NET while it runs: its signal aborts and its result counts nothing', async ({
    expect,
  }) => {
    for (const deed of ['delete', 'requeue'] as const) {
      await using stage = await openStage(client)
      using peer = new DotnetPeer(url, '1.12.0', { prefix: stage.prefix })
      const body = observed()
      await stage.serve([body.handler])
      const id = await stage.enqueue('mine')
      await expect.poll(() => body.begun.length).toBe(1)
      if (deed === 'delete') await peer.jobs.delete(id)
      else await peer.jobs.requeue(id, { queue: 'elsewhere' })
      await expect.poll(() => body.reasons.length).toBe(1)
      expect(body.reasons[0]).toMatchObject({
        code: 'LEASE_LOST',
        jobId: id,
        state: deed === 'delete' ? 'Deleted' : 'Enqueued',
      })
      // What was left of it is removed.
      await expect.poll(async () => await stage.redis.llen(stage.key('queue:node:dequeued'))).toBe(0)
      await expect.poll(async () => await stage.redis.hexists(stage.key(`job:${id}`), 'Fetched')).toBe(0)
      expect((await stage.states(id)).at(-1)).toBe(deed === 'delete' ? 'Deleted' : 'Enqueued')
      expect(await stage.redis.get(stage.key('stats:succeeded'))).toBeNull()
    }
  })

  it('H5: taken by another worker: nothing of that one is removed', async ({ expect }) => {
    await using stage = await openStage(client)
    const body = observed()
    await stage.serve([body.handler], { concurrency: 1 })
    const id = await stage.enqueue('mine')
    await expect.poll(() => body.begun.length).toBe(1)
    const [other, taken] = [randomUUID(), String(Math.ceil(await stage.context.now()) + 1)]
    // A watcher has put it back, and a worker of .NET has taken it.
    await stage.redis
      .multi()
      .hset(stage.key(`job:${id}:state`), 'ServerId', 'dotnet:1:x', 'WorkerId', other)
      .hset(stage.key(`job:${id}`), 'Fetched', taken)
      .exec()
    await expect.poll(() => body.reasons.length).toBe(1)
    expect(body.reasons[0]).toMatchObject({ code: 'LEASE_LOST', state: 'Processing' })
    // The worker is free for the next one.
    await stage.enqueue('next')
    await expect.poll(() => body.begun.length).toBe(2)
    expect(await stage.redis.lrange(stage.key('queue:node:dequeued'), 0, -1)).toContain(id)
    expect(await stage.redis.hget(stage.key(`job:${id}`), 'Fetched')).toBe(taken)
    expect(await stage.redis.hget(stage.key(`job:${id}:state`), 'WorkerId')).toBe(other)
    body.release()
  })

  it('H6: is kept from watchers: Fetched is slid, and set again with its entry when a copy took them away', async ({
    expect,
  }) => {
    await using stage = await openStage(client)
    const body = observed()
    await stage.serve([body.handler])
    const id = await stage.enqueue('long')
    await expect.poll(() => body.begun.length).toBe(1)
    const key = stage.key(`job:${id}`)
    const first = Number(await stage.redis.hget(key, 'Fetched'))
    await expect.poll(async () => Number(await stage.redis.hget(key, 'Fetched'))).toBeGreaterThan(first)
    // The acknowledgement of a worker of storage 1.9.4, and what its watcher makes of it.
    await stage.redis
      .multi()
      .hdel(key, 'Fetched')
      .hset(key, 'Checked', '1795906564241')
      .lrem(stage.key('queue:node:dequeued'), -1, id)
      .exec()
    await expect
      .poll(async () => await stage.redis.hmget(key, 'Fetched', 'Checked'))
      .toEqual([expect.any(String), null])
    await expect
      .poll(async () => await stage.redis.lrange(stage.key('queue:node:dequeued'), 0, -1))
      .toEqual([id])
    body.release()
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    expect(body.begun).toEqual(['long'])
    expect(await stage.redis.hmget(key, 'Fetched', 'Checked')).toEqual([null, null])
    expect(await stage.redis.llen(stage.key('queue:node:dequeued'))).toBe(0)
  })

  it('H7: several times in the queue, also while it runs and after it has ended, runs once', async ({
    expect,
  }) => {
    await using stage = await openStage(client)
    const body = observed()
    await stage.serve([body.handler])
    const id = await stage.enqueue('copies')
    const queue = stage.key('queue:node')
    await stage.redis.lpush(queue, id, id)
    await expect.poll(() => body.begun.length).toBe(1)
    await stage.redis.lpush(queue, id)
    await stage.redis.publish(stage.key('JobFetchChannel'), id)
    await expect.poll(async () => await stage.redis.llen(queue)).toBe(0)
    body.release()
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    await stage.redis.lpush(queue, id, id)
    await stage.redis.publish(stage.key('JobFetchChannel'), id)
    await expect.poll(async () => await stage.redis.llen(queue)).toBe(0)
    expect(body.begun).toEqual(['copies'])
    expect(await stage.states(id)).toEqual(['Enqueued', 'Processing', 'Succeeded'])
    expect(await stage.redis.llen(stage.key('queue:node:dequeued'))).toBe(0)
  })

  it('H4: is neither taken nor ended while .NET changes it, and those behind it are', async ({ expect }) => {
    await using stage = await openStage(client)
    const body = observed()
    const locked = await stage.enqueue('locked')
    const lock = stage.key(`job:${locked}:state-lock`)
    await stage.redis.set(lock, randomUUID())
    const behind = await stage.enqueue('behind')
    await stage.serve([body.handler])
    await expect.poll(() => body.begun).toEqual(['behind'])
    expect(await stage.redis.lrange(stage.key('queue:node'), 0, -1)).toEqual([locked])
    const ofBehind = stage.key(`job:${behind}:state-lock`)
    await stage.redis.set(ofBehind, randomUUID())
    body.release()
    // It has returned, and waits.
    await stage.redis.del(lock)
    await expect.poll(async () => (await stage.job(locked)).state).toBe('Succeeded')
    expect(await stage.states(behind)).toEqual(['Enqueued', 'Processing'])
    await stage.redis.del(ofBehind)
    await expect.poll(async () => (await stage.job(behind)).state).toBe('Succeeded')
  })
})
