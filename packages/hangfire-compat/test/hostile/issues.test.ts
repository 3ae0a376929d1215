/**
 * Public issues of Hangfire (HF) and of Hangfire.Redis.StackExchange (RS) that need a server, a lock or a second process. Those
 * that the wire format decides are in `../issues.test.ts`, which also holds that every issue is named by a test.
 */
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { ioredisClient } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
import { createHangfire, createHangfireLocks } from '../../src/index.ts'
import { connect, openLocks } from '../locks/node-peer.ts'
import { DotnetPeer, generations } from '../peer/dotnet-peer.ts'
import type { Pace } from '../peer/dotnet-process.ts'
import { violations } from './invariants.ts'
import { log, nodeWork } from './jobs.ts'
import { MortalClient } from './mortal-client.ts'
import { snapshot } from './snapshot.ts'
import { LOCKED, held, openStage } from './stage.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const MINUTE = 60_000

describe.concurrent.for(generations)('an issue of Hangfire, beside .NET %s', (generation) => {
  it('RS#118, RS#96, HF#1197, HF#936, HF#164: a job that takes longer than 30 minutes runs once', async ({
    expect,
  }) => {
    const { body, release } = held()
    await using at = await openStage(url, generation, { body })
    await at.peer.server.announce(['default'])
    const id = await at.peer.jobs.enqueue(nodeWork)
    await expect.poll(() => at.witness.begun.length).toBe(1)
    const job = `${at.prefix}job:${id}`
    for (let round = 0; round < 3; round += 1) {
      // Almost 30 minutes later, as far as the watcher of .NET can see.
      const before = Date.now() - 29 * MINUTE
      await admin.hset(job, 'Fetched', String(before))
      await expect.poll(async () => Number(await admin.hget(job, 'Fetched'))).toBeGreaterThan(before)
      expect(await at.peer.schedulers.watchFetched({ invisibilityMs: 29 * MINUTE })).toEqual([])
    }
    release()
    await expect.poll(() => at.state(id)).toBe('Succeeded')
    expect(at.witness.begun).toEqual([id])
    await expect.poll(at.broken).toEqual([])
  })

  it('RS#153, RS PR#158, HF#590, HF#1025: an id that is queued three times, and again when it has ended, runs once', async ({
    expect,
  }) => {
    await using at = await openStage(url, generation)
    const [queue, id] = [`${at.prefix}queue:node`, await at.peer.jobs.enqueue(nodeWork)]
    await admin.rpush(queue, id, id)
    await expect.poll(() => at.state(id)).toBe('Succeeded')
    await admin.rpush(queue, id)
    await expect.poll(() => admin.llen(queue)).toBe(0)
    expect(at.witness.begun).toEqual([id])
    await expect.poll(at.broken).toEqual([])
  })

  it('RS#153: a copy in a queue of .NET is run by .NET, and what Node makes of it then counts no more (H7, H5)', async ({
    expect,
  }) => {
    const signals: AbortSignal[] = []
    const { body, release } = held()
    await using at = await openStage(url, generation, {
      body: async (_id, signal) => {
        signals.push(signal)
        await body()
      },
    })
    const id = await at.peer.jobs.enqueue(nodeWork)
    await expect.poll(() => at.witness.begun.length).toBe(1)
    await at.copyTo('default', id)
    await at.peer.server.runOne(['default'], () => Promise.resolve({ result: '"of .NET"' }))
    const [signal] = signals
    if (signal?.aborted === false) await once(signal, 'abort')
    expect(signal?.reason).toMatchObject({ code: 'LEASE_LOST' })
    release()
    await expect.poll(() => at.server.running).toBe(0)
    await at.settleCopies()
    await expect.poll(at.broken).toEqual([])
    expect(await admin.hget(`${at.prefix}job:${id}:state`, 'Result')).toBe('"of .NET"')
    expect(await admin.get(`${at.prefix}stats:succeeded`)).toBe('1')
  })

  it('RS#136, HF#2361, HF#1080: a process that holds the lock of a scheduler only delays it', async ({
    expect,
  }) => {
    await using at = await openStage(url, generation)
    expect(await at.peer.acquire('locks:schedulepoller', 30_000)).toBe(true)
    const id = await at.peer.jobs.schedule(nodeWork, 0)
    // Another job shows that the server works meanwhile.
    const other = await at.peer.jobs.enqueue(nodeWork)
    await expect.poll(() => at.state(other)).toBe('Succeeded')
    expect(await at.state(id)).toBe('Scheduled')
    expect(await at.peer.release('locks:schedulepoller')).toBe(true)
    await expect.poll(() => at.state(id)).toBe('Succeeded')
  })

  it('RS#65, RS PR#67, HF#1960, HF#1053: what must not run at once does not, on either side', async ({
    expect,
  }) => {
    const witness = `witness:${randomUUID()}`
    const inside: number[] = []
    const alone = async (): Promise<void> => {
      inside.push(await admin.incr(witness))
      await Promise.all(Array.from({ length: 5 }, () => admin.ping()))
      await admin.decr(witness)
    }
    await using at = await openStage(url, generation, {
      body: alone,
      lock: { waitMs: 300_000 },
      concurrency: 3,
    })
    const ids = await Promise.all(Array.from({ length: 8 }, () => at.peer.jobs.enqueue(nodeWork)))
    for (let turn = 0; turn < 8; turn += 1) await at.peer.locks.hold(LOCKED, 300_000, alone)
    await expect
      .poll(async () => new Set(await Promise.all(ids.map(at.state))))
      .toEqual(new Set(['Succeeded']))
    expect(inside).toEqual(Array.from({ length: 16 }, () => 1))
    await admin.del(witness)
  })

  it('HF#935, HF#1053: who waits in vain for a lock spends no attempt, and its job is not deleted', async ({
    expect,
  }) => {
    await using at = await openStage(url, generation, { attempts: 0, lock: { waitMs: 20, rescheduleMs: 20 } })
    expect(await at.peer.acquire(LOCKED, 0)).toBe(true)
    const id = await at.peer.jobs.enqueue(nodeWork)
    const history = async () =>
      (await admin.lrange(`${at.prefix}job:${id}:history`, 0, -1)).map(
        (text) => (JSON.parse(text) as { State: string }).State,
      )
    await expect
      .poll(async () => (await history()).filter((each) => each === 'Scheduled').length)
      .toBeGreaterThan(1)
    expect(await admin.hget(`${at.prefix}job:${id}`, 'RetryCount')).toBeNull()
    expect(await at.peer.release(LOCKED)).toBe(true)
    await expect.poll(() => at.state(id)).toBe('Succeeded')
    expect(await history()).not.toContain('Failed')
    expect(at.witness.begun).toEqual([id])
  })

  it('RS#38, RS#75, RS#106, RS#108, HF#632, HF#896, HF#1685: what has ended expires, and lists keep 500', async ({
    expect,
  }) => {
    await using at = await openStage(url, generation)
    const list = `${at.prefix}succeeded`
    await admin.rpush(list, ...Array.from({ length: 600 }, () => randomUUID()))
    const id = await at.peer.jobs.enqueue(nodeWork)
    await expect.poll(() => at.state(id)).toBe('Succeeded')
    expect([await admin.llen(list), await admin.lindex(list, 0)]).toEqual([500, id])
    for (const part of ['', ':state', ':history']) {
      const left = await admin.ttl(`${at.prefix}job:${id}${part}`)
      expect(left).toBeGreaterThan(80_000)
      expect(left).toBeLessThanOrEqual(86_400)
    }
    expect(await admin.get(`${at.prefix}stats:succeeded`)).toBe('1')
  })

  it('RS#123, RS PR#30, HF#1106: a job that no process announced is found by the next scan', async ({
    expect,
  }) => {
    await using at = await openStage(url, generation)
    const id = await at.peer.jobs.enqueue(nodeWork)
    await expect.poll(() => at.state(id)).toBe('Succeeded')
    const again = randomUUID()
    // As a program writes it that only knows lists.
    await admin
      .multi()
      .copy(`${at.prefix}job:${id}`, `${at.prefix}job:${again}`)
      .hset(`${at.prefix}job:${again}`, 'State', 'Enqueued')
      .hset(
        `${at.prefix}job:${again}:state`,
        'State',
        'Enqueued',
        'Queue',
        'node',
        'EnqueuedAt',
        '1795906563707',
      )
      .rpush(`${at.prefix}queue:node`, again)
      .exec()
    await expect.poll(() => at.state(again)).toBe('Succeeded')
  })
})

describe('an issue of Hangfire', () => {
  it('RS#135, RS PR#151, HF#859, HF#2413: a job that .NET acknowledged, and died before it had its state, is healed by a requeue', async ({
    expect,
  }) => {
    let isAcknowledged = false
    const pace: Pace = async (commands, send) => {
      if (isAcknowledged) throw new Error('killed')
      isAcknowledged = commands.some(([name]) => name === 'LREM')
      return await send()
    }
    const prefix = `{${randomUUID()}}:`
    using dying = new DotnetPeer(url, '1.12.0', { prefix, pace })
    const id = await dying.jobs.enqueue(log)
    await expect(dying.server.runOne(['default'], () => Promise.resolve({}))).rejects.toThrow('killed')
    await admin.del(`${prefix}job:${id}:state-lock`)
    using next = new DotnetPeer(url, '1.12.0', { prefix })
    await next.server.announce(['default'])
    expect(await next.schedulers.watchFetched({ invisibilityMs: -1, checkedMs: -1 })).toEqual([])
    expect(violations(await snapshot(admin, prefix))).toEqual([
      expect.stringContaining('no server will ever run it'),
    ])
    const redis = new Redis(url)
    await using hangfire = createHangfire({ client: ioredisClient(redis), prefix })
    await hangfire.jobs.requeue(id)
    expect(violations(await snapshot(admin, prefix))).toEqual([])
    expect(await next.server.runOne(['default'], () => Promise.resolve({}))).toBe(id)
    expect(violations(await snapshot(admin, prefix), { isIdle: true })).toEqual([])
    redis.disconnect()
  })

  it('RS#88, RS#89, RS#90, RS#91: a renewal that is not answered aborts the signal, and the process lives', async ({
    expect,
  }) => {
    const { client, end } = await connect('ioredis', url)
    // The clock and the grant, and with luck a renewal.
    const mortal = new MortalClient(client, 3)
    const locks = createHangfireLocks(mortal.client, { callTimeoutMs: 3_000 })
    const lease = await locks.acquire(`renewal ${randomUUID()}`, { leaseMs: 3_000 })
    if (!lease.signal.aborted) await once(lease.signal, 'abort')
    expect(lease.signal.reason).toMatchObject({ code: 'LEASE_LOST' })
    expect(mortal.isDead).toBe(true)
    await locks.close()
    end()
  })

  it('RS#61, HF#998: the error of a lock names the resource and who holds it', async ({ expect }) => {
    using peer = new DotnetPeer(url, '1.12.0')
    await using node = await openLocks('ioredis', url)
    const resource = `named ${randomUUID()}`
    expect(await peer.acquire(resource, 0)).toBe(true)
    await expect(node.locks.acquire(resource, { waitMs: 0 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      lockName: resource,
      message: expect.stringContaining(resource) as string,
      holders: [{ owner: peer.owner }],
    })
    expect(await peer.release(resource)).toBe(true)
  })

  it('HF#662: a lock is of its lease, and of no thread: a second call inside is refused', async ({
    expect,
  }) => {
    await using node = await openLocks('ioredis', url)
    const resource = `inside ${randomUUID()}`
    const nested = node.locks.run(resource, () => node.locks.run(resource, { waitMs: Infinity }, () => {}))
    await expect(nested).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
  })
})
