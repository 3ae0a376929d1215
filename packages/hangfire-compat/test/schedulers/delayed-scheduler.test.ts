import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { defineHangfireJob, encodeCall } from '../../src/jobs/job-definition.ts'
import { startDelayedScheduler } from '../../src/schedulers/delayed-scheduler.ts'
import type { HangfireContext } from '../../src/storage/context.ts'
import { createJob } from '../../src/transitions/create-job.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer, generations } from '../peer/dotnet-peer.ts'
import { eventually } from '../eventually.ts'
import { fresh, openNode } from './open-node.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const review = defineHangfireJob({ type: 'Acme.INodeReviews, Acme', method: 'Review', queue: 'node' })
const call = encodeCall(review, [], { dates: 'ms', typeNames: 'simple' })
const foreign = {
  fields: {
    Type: 'Acme.Mail, Acme',
    Method: 'Send',
    ParameterTypes: '[]',
    Arguments: '[]',
    CurrentCulture: '""',
  },
}
const ours = {
  fields: { ...foreign.fields, Type: 'Acme.INodeReviews, Acme, Version=1.0.0.0', Method: 'Review' },
}

/** @param delayMs from now, by Redis' clock */
async function schedule(context: HangfireContext, delayMs: number, invocation = call): Promise<string> {
  const id = randomUUID()
  await createJob(context, {
    id,
    invocation,
    steps: (now) => [{ name: 'Scheduled', scheduledAt: now, enqueueAt: now + delayMs }],
  })
  return id
}

const members = (prefix: string): Promise<string[]> => admin.zrange(`${prefix}schedule`, '0', '-1')
const queued = (prefix: string, queue = 'node'): Promise<string[]> =>
  admin.lrange(`${prefix}queue:${queue}`, 0, -1)
const empty = (prefix: string) => eventually(() => members(prefix), [])

describe.concurrent('the delayed scheduler', () => {
  it.for(clients)('H12: enqueues a job when its time has come, and not before, over %s', async (client) => {
    const prefix = fresh()
    // The interval is an hour: it wakes for the job.
    await using node = await openNode(url, prefix, { client, handled: [review], intervalMs: 3_600_000 })
    const id = await schedule(node.context, 1_200)
    node.start(startDelayedScheduler, {})
    await empty(prefix)
    expect(await queued(prefix)).toEqual([id])
    const state = await admin.hgetall(`${prefix}job:${id}:state`)
    expect(state).toMatchObject({
      State: 'Enqueued',
      Queue: 'node',
      Reason: 'Triggered by DelayedJobScheduler',
    })
    const [scheduled, enqueued] = (await admin.lrange(`${prefix}job:${id}:history`, 0, -1)).map(
      (entry) => JSON.parse(entry) as Record<string, string>,
    )
    expect(Number(enqueued?.CreatedAt)).toBeGreaterThanOrEqual(Number(scheduled?.EnqueueAt))
    expect(node.errors).toEqual([])
  })

  it('H12: RS#164: a score that .NET rounded down starts no job before the instant in its state', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix, { handled: [review], intervalMs: 3_600_000 })
    const id = await schedule(node.context, 1_500)
    const { EnqueueAt = '' } = await admin.hgetall(`${prefix}job:${id}:state`)
    await admin.zadd(`${prefix}schedule`, '1', id)
    node.start(startDelayedScheduler, {})
    await empty(prefix)
    const last = JSON.parse((await admin.lrange(`${prefix}job:${id}:history`, -1, -1))[0] ?? '{}') as Record<
      string,
      string
    >
    expect(Number(last.CreatedAt)).toBeGreaterThanOrEqual(Number(EnqueueAt))
  })

  it('H12: a job that was scheduled anew between look and change waits for its new time', async () => {
    const prefix = fresh()
    let later = 0
    await using node = await openNode(url, prefix, {
      around: (client) => ({
        ...client,
        async send(args, key) {
          // The first script that names the history is that of the change.
          const history = args.find((arg) => typeof arg === 'string' && arg.endsWith(':history'))
          if (isRunning && later === 0 && typeof history === 'string') {
            later = Date.now() + 1_500
            await admin.hset(history.replace(':history', ':state'), 'EnqueueAt', String(later))
          }
          return await client.send(args, key)
        },
      }),
    })
    let isRunning = false
    const id = await schedule(node.context, 0)
    isRunning = true
    node.start(startDelayedScheduler, {})
    await empty(prefix)
    const [last = '{}'] = await admin.lrange(`${prefix}job:${id}:history`, -1, -1)
    expect(later).toBeGreaterThan(0)
    const { CreatedAt } = JSON.parse(last) as Record<string, string>
    expect(Number(CreatedAt)).toBeGreaterThanOrEqual(later)
  })

  it.for(generations)(
    'H10: in a shared prefix touches only what is handled here; .NET %s takes the rest',
    async (generation) => {
      const prefix = fresh()
      using peer = new DotnetPeer(url, generation, { prefix })
      await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
      const theirs = await peer.jobs.schedule(foreign, 0)
      const mine = await peer.jobs.schedule(ours, 0)
      const unreadable = await peer.jobs.schedule(foreign, 0)
      await admin.hset(`${prefix}job:${unreadable}`, 'ParameterTypes', '{')
      await admin.zadd(`${prefix}schedule`, '1', 'no-such-job')
      const before = await admin.dump(`${prefix}job:${theirs}:state`)
      node.start(startDelayedScheduler, {})
      await eventually(() => queued(prefix), [mine])
      // A second job shows that a whole pass has been over the others.
      const second = await schedule(node.context, 0)
      await eventually(() => queued(prefix), [second, mine])
      expect((await members(prefix)).toSorted()).toEqual([theirs, unreadable, 'no-such-job'].toSorted())
      expect(await admin.dump(`${prefix}job:${theirs}:state`)).toEqual(before)
      expect(node.errors).toEqual([])
    },
  )

  it("H10: a member queue:id of .NET's is read: its job goes to that queue, and has the state", async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
    const [id, ended] = [await schedule(node.context, 0), await schedule(node.context, 0)]
    await admin.hset(`${prefix}job:${ended}`, 'State', 'Deleted')
    await admin.del(`${prefix}schedule`)
    await admin.zadd(`${prefix}schedule`, '1', `critical:${id}`, '1', `critical:${ended}`)
    node.start(startDelayedScheduler, {})
    await empty(prefix)
    expect(await queued(prefix, 'critical')).toEqual([id])
    expect(await admin.hget(`${prefix}job:${id}`, 'State')).toBe('Enqueued')
    expect(await admin.hget(`${prefix}job:${id}:state`, 'Queue')).toBe('critical')
    // Storage 1.9.4 leaves the member of a deleted job behind.
    expect(await admin.exists(`${prefix}job:${ended}:history`)).toBe(1)
  })

  it('in an own prefix enqueues everything by the queue of its job, and removes what has no job', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix)
    const id = await schedule(node.context, 0, { ...call, queue: 'mail' })
    const other = await schedule(node.context, 0)
    await admin.zadd(`${prefix}schedule`, '1', 'no-such-job')
    node.start(startDelayedScheduler, {})
    await empty(prefix)
    expect(await queued(prefix, 'mail')).toEqual([id])
    expect(await queued(prefix, 'default')).toEqual([other])
    expect(await admin.exists(`${prefix}job:no-such-job`)).toBe(0)
  })

  it('H4: leaves a job alone while .NET changes its state, and the others do not wait for it', async () => {
    const prefix = fresh()
    using peer = new DotnetPeer(url, '1.12.0', { prefix })
    await using node = await openNode(url, prefix)
    const [locked, free] = [await schedule(node.context, 0), await schedule(node.context, 0)]
    await peer.acquire(`job:${locked}:state-lock`, 0)
    node.start(startDelayedScheduler, {})
    await eventually(() => queued(prefix, 'default'), [free])
    expect(await members(prefix)).toEqual([locked])
    await peer.release(`job:${locked}:state-lock`)
    await empty(prefix)
    expect(await queued(prefix, 'default')).toEqual([locked, free])
    expect(node.errors).toEqual([])
  })

  it('two schedulers in Node and one in .NET enqueue each of 300 jobs once', async () => {
    const prefix = fresh()
    using peer = new DotnetPeer(url, '1.9.4', { prefix })
    await using first = await openNode(url, prefix, { client: 'ioredis', handled: [review], mode: 'shared' })
    await using second = await openNode(url, prefix, { client: 'redis', handled: [review], mode: 'shared' })
    const ids = await Promise.all(Array.from({ length: 300 }, (_, i) => schedule(first.context, i * 3)))
    const all = [first, second].map((node) => node.start(startDelayedScheduler, {}))
    while ((await members(prefix)).length > 0) await peer.schedulers.pollSchedule(() => 'node')
    await Promise.all(all.map((each) => each.stop()))
    expect((await queued(prefix)).toSorted()).toEqual(ids.toSorted())
    for (const id of ids) expect(await admin.llen(`${prefix}job:${id}:history`)).toBe(2)
    expect([...first.errors, ...second.errors]).toEqual([])
  })

  it('RS#136: what others hold for long only delays it, and it asks once a second', async () => {
    const prefix = fresh()
    using peer = new DotnetPeer(url, '1.9.4', { prefix })
    await using node = await openNode(url, prefix, { intervalMs: 3_600_000 })
    await peer.acquire('locks:schedulepoller', 0)
    const id = await schedule(node.context, 0)
    let asked = 0
    const { locks } = node.options
    const run = (...args: Parameters<typeof locks.run>): Promise<unknown> => {
      asked += 1
      return locks.run(...args)
    }
    node.start(startDelayedScheduler, { locks: { ...locks, run } as typeof locks })
    await eventually(() => asked >= 2, true)
    expect(await members(prefix)).toEqual([id])
    await peer.release('locks:schedulepoller')
    await empty(prefix)
    expect(node.errors).toEqual([])
  })

  it('RS#91: a pass that loses its lock stops, says so, and the next one goes on', async () => {
    const prefix = fresh()
    await using node = await openNode(url, prefix, { leaseMs: 3_000 })
    await Promise.all(Array.from({ length: 150 }, () => schedule(node.context, 0)))
    // The 101st is on the second page, which a pass without its lock does not begin.
    const stuck = (await members(prefix))[0] ?? ''
    let isTaken = false
    const { locks } = node.options
    node.start(startDelayedScheduler, {
      locks: {
        ...locks,
        async run(name: string, options: never, body: (lease: never) => Promise<unknown>) {
          return await locks.run(name, options, async (lease) => {
            if (!isTaken) {
              isTaken = true
              await admin.set(`${prefix}${name}`, 'of another')
              if (!lease.signal.aborted) await once(lease.signal, 'abort')
              expect(await members(prefix)).toContain(stuck)
            }
            await body(lease as never)
          })
        },
      } as typeof locks,
    })
    await eventually(() => node.errors.length > 0, true)
    expect(node.errors[0]).toMatchObject({ code: 'LEASE_LOST', lockName: 'locks:schedulepoller' })
    expect((await members(prefix)).length).toBe(150)
    expect(await admin.get(`${prefix}locks:schedulepoller`)).toBe('of another')
    await admin.del(`${prefix}locks:schedulepoller`)
    await empty(prefix)
  })
})
