import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
import { defineHangfireJob, t } from '../../src/index.ts'
import { hangfireJobs } from '../../src/client/hangfire-jobs.ts'
import { changeState } from '../../src/transitions/change-state.ts'
import { hangfireKeys, lockResources, type HangfireKeys } from '../../src/wire/keys.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer, generations } from '../peer/dotnet-peer.ts'
import { countPauses } from './count-pauses.ts'
import { openContext } from './open-context.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const job = defineHangfireJob({ type: 'Acme.Mail, Acme', method: 'Send', parameters: [t.string] })
const CHANGES = 60

describe.concurrent.for(clients)('H4: while .NET holds the state-lock of a job, over %s', (client) => {
  it('a change waits, and is made when the lock is free', async ({ expect }) => {
    const keys = hangfireKeys(`{${randomUUID()}}:`)
    const { runtime, pauses } = countPauses()
    await using open = await openContext(client, url, { prefix: keys.prefix, runtime })
    const jobs = hangfireJobs(open.context)
    using peer = new DotnetPeer(url, '1.12.0', { prefix: keys.prefix })
    const id = await jobs.enqueue(job, ['ann'])
    const lock = lockResources.jobState(id)
    await peer.acquire(lock, 0)
    const deleted = jobs.delete(id)
    await expect.poll(pauses).toBeGreaterThanOrEqual(3)
    // .NET commits what it decided on what it read before.
    expect(await admin.hget(keys.job(id), 'State')).toBe('Enqueued')
    await admin.hset(keys.job(id), 'RetryCount', '1')
    await peer.release(lock)
    expect(await deleted).toBe(true)
    expect(await admin.hmget(keys.job(id), 'State', 'RetryCount')).toEqual(['Deleted', '1'])
    jobs.close()
  })

  it('a change that waited for its time is an error that names the value of the lock', async ({ expect }) => {
    const keys = hangfireKeys(`{${randomUUID()}}:`)
    await using open = await openContext(client, url, { prefix: keys.prefix, stateLockWaitMs: 200 })
    const jobs = hangfireJobs(open.context)
    using peer = new DotnetPeer(url, '1.12.0', { prefix: keys.prefix })
    const id = await jobs.enqueue(job, ['ann'])
    const before = await everything(keys)
    const lock = lockResources.jobState(id)
    await peer.acquire(lock, 0)
    const changes = [jobs.delete(id), jobs.requeue(id), jobs.continueWith(id, job, ['bob'])]
    for (const outcome of await Promise.allSettled(changes))
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'LOCK_TIMEOUT',
          lockName: lock,
          holders: [{ owner: peer.owner }],
          message: expect.stringContaining(peer.owner) as string,
        },
      })
    const steps = (deletedAt: number) => [{ name: 'Deleted', deletedAt } as const]
    expect(await changeState(open.context, { id, steps, whenLocked: 'skip' })).toEqual({ outcome: 'locked' })
    await peer.release(lock)
    expect(await everything(keys)).toEqual(before)
    jobs.close()
  })

  it('waits for 30 s unless another time is given', async ({ expect }) => {
    await using open = await openContext(client, url, { prefix: '{x}:' })
    expect(open.context.stateLockWaitMs).toBe(30_000)
  })

  it('a parent does not end while one of its children is locked', async ({ expect }) => {
    const keys = hangfireKeys(`{${randomUUID()}}:`)
    const { runtime, pauses } = countPauses()
    await using open = await openContext(client, url, { prefix: keys.prefix, runtime })
    const jobs = hangfireJobs(open.context)
    using peer = new DotnetPeer(url, '1.9.4', { prefix: keys.prefix })
    const id = await jobs.enqueue(job, ['ann'])
    const child = await jobs.continueWith(id, job, ['bob'], { on: 'any' })
    await peer.acquire(lockResources.jobState(child), 0)
    const deleted = jobs.delete(id)
    await expect.poll(pauses).toBeGreaterThanOrEqual(3)
    expect(await admin.hget(keys.job(id), 'State')).toBe('Enqueued')
    await peer.release(lockResources.jobState(child))
    expect(await deleted).toBe(true)
    expect(await admin.hget(keys.job(child), 'State')).toBe('Enqueued')
    jobs.close()
  })

  it.for(generations)('counters, lists and history are exact beside %s', async (generation, { expect }) => {
    const keys = hangfireKeys(`{${randomUUID()}}:`)
    await using open = await openContext(client, url, { prefix: keys.prefix })
    const jobs = hangfireJobs(open.context)
    using peer = new DotnetPeer(url, generation, { prefix: keys.prefix })
    const ids = await Promise.all(['ann', 'bob', 'eve'].map((name) => jobs.enqueue(job, [name])))
    const at = (i: number): string => ids[i % ids.length] ?? ''
    const node = async (from: number): Promise<void> => {
      for (let i = from; i < from + CHANGES; i += 1)
        await (i % 2 === 0 ? jobs.delete(at(i)) : jobs.requeue(at(i)))
    }
    const dotnet = async (): Promise<void> => {
      for (let i = 0; i < CHANGES; i += 1)
        await (i % 2 === 0 ? peer.jobs.delete(at(i * 7)) : peer.jobs.requeue(at(i * 7)))
    }
    await Promise.all([node(0), node(1), dotnet()])
    const states = await Promise.all(ids.map((id) => admin.hget(keys.job(id), 'State')))
    const deleted = ids.filter((_, i) => states[i] === 'Deleted')
    expect(await admin.get(keys.stats('deleted'))).toBe(String(deleted.length))
    expect((await admin.lrange(keys.deleted, 0, -1)).toSorted()).toEqual(deleted.toSorted())
    const lengths = await Promise.all(ids.map((id) => admin.llen(keys.jobHistory(id))))
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(ids.length + 3 * CHANGES)
    for (const [i, id] of ids.entries()) {
      const [last = ''] = await admin.lrange(keys.jobHistory(id), -1, -1)
      expect(JSON.parse(last)).toMatchObject({ State: states[i] })
      expect(await admin.hget(keys.jobState(id), 'State')).toBe(states[i])
    }
    jobs.close()
  })
})

async function everything({ prefix }: HangfireKeys): Promise<ReadonlyMap<string, string | null>> {
  const names = await admin.keys(`${prefix.replace(/[{}]/g, '\\$&')}*`)
  const found = await Promise.all(
    names.toSorted().map(async (name) => [name, (await admin.dump(name))?.toString() ?? null] as const),
  )
  return new Map(found)
}
