import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { defineHangfireJob } from '../../src/jobs/job-definition.ts'
import { startFetchedWatcher } from '../../src/schedulers/fetched-watcher.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer, type Generation, generations } from '../peer/dotnet-peer.ts'
import { eventually } from '../eventually.ts'
import { fresh, openNode } from './open-node.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const review = defineHangfireJob({ type: 'Acme.INodeReviews, Acme', method: 'Review', queue: 'node' })
const fields = {
  Type: 'Acme.INodeReviews, Acme',
  Method: 'Review',
  ParameterTypes: '[]',
  Arguments: '[]',
  CurrentCulture: '""',
}
const ours = { fields }
const foreign = { fields: { ...fields, Type: 'Acme.Mail, Acme' } }

/** Shorter than Hangfire's, and longer than what a test does between two looks. */
const LIMITS = { limits: { invisibilityMs: 3_600_000, checkedMs: 1_000 }, serverTimeoutMs: 3_600_000 }

const list = (prefix: string, name: string): Promise<string[]> =>
  admin.lrange(`${prefix}queue:${name}`, 0, -1)
const longAgo = (): string => String(Date.now() - 7_200_000)

function open(prefix: string, generation: Generation = '1.12.0'): DotnetPeer {
  return new DotnetPeer(url, generation, { prefix, queueAttribute: () => 'node' })
}

/** A job that a .NET worker took and processes; its process is never heard of again. */
async function killed(peer: DotnetPeer, call = ours): Promise<string> {
  const id = await peer.jobs.enqueue(call)
  await peer.server.announce(['node'])
  const job = await peer.server.fetch(['node'])
  if (job !== undefined) await peer.server.start(job)
  return id
}

describe.concurrent('the watcher of fetched jobs', () => {
  it.for(clients)(
    'H6: RS#135: puts a job back once whose server is gone, and publishes it, over %s',
    async (client) => {
      const prefix = fresh()
      using peer = open(prefix)
      const id = await killed(peer)
      await peer.server.remove()
      await admin.hset(`${prefix}job:${id}`, 'Fetched', longAgo())
      const heard: string[] = []
      const listener = new Redis(url)
      listener.on('message', (_, message: string) => heard.push(message))
      await listener.subscribe(`${prefix}JobFetchChannel`)
      const nodes = await Promise.all(
        [0, 1].map(() => openNode(url, prefix, { client, mode: 'shared', handled: [review] })),
      )
      for (const node of nodes)
        node.start(startFetchedWatcher, {
          ...LIMITS,
          limits: { ...LIMITS.limits, invisibilityMs: 86_400_000 },
        })
      await eventually(() => heard, [id])
      // Many more looks of both find nothing to do.
      const looks = async (): Promise<number> =>
        Number(/calls=(\d+)/.exec((await admin.info('commandstats')).split('cmdstat_smembers')[1] ?? '')?.[1])
      const before = await looks()
      await eventually(async () => (await looks()) > before + 20, true)
      expect(await list(prefix, 'node')).toEqual([id])
      expect(await list(prefix, 'node:dequeued')).toEqual([])
      expect(await admin.hmget(`${prefix}job:${id}`, 'State', 'Fetched', 'Checked')).toEqual([
        'Processing',
        null,
        null,
      ])
      expect(heard).toEqual([id])
      for (const node of nodes) {
        expect(node.errors).toEqual([])
        await node[Symbol.asyncDispose]()
      }
      listener.disconnect()
    },
  )

  it.for(generations)(
    'H6: a job whose worker of .NET %s has been silent for the time-out comes back',
    async (generation) => {
      const prefix = fresh()
      using peer = open(prefix, generation)
      const id = await killed(peer)
      await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
      node.start(startFetchedWatcher, LIMITS)
      const [second] = [await killed(peer)]
      await admin.hset(`${prefix}job:${second}`, 'Fetched', longAgo())
      await eventually(() => list(prefix, 'node'), [second])
      expect(await list(prefix, 'node:dequeued')).toEqual([id])
    },
  )

  it('H6: on 1.9.4 a server that died is still listed: its job comes back when its heartbeat has stood still', async () => {
    const prefix = fresh()
    using peer = open(prefix, '1.9.4')
    const id = await killed(peer)
    await peer.server.heartbeat()
    await admin.hset(`${prefix}job:${id}`, 'Fetched', String(Date.now() - 600_000))
    await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
    node.start(startFetchedWatcher, { ...LIMITS, serverTimeoutMs: 200 })
    await eventually(() => list(prefix, 'node'), [id])
    // In a shared prefix .NET removes servers.
    expect(await admin.smembers(`${prefix}servers`)).toEqual([peer.server.id])
  })

  it('an entry without a time is marked first, and comes back a while later', async () => {
    const prefix = fresh()
    using peer = open(prefix)
    const id = await killed(peer)
    await admin.hdel(`${prefix}job:${id}`, 'Fetched')
    await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
    node.start(startFetchedWatcher, LIMITS)
    await eventually(() => admin.hexists(`${prefix}job:${id}`, 'Checked'), 1)
    const checked = Number(await admin.hget(`${prefix}job:${id}`, 'Checked'))
    await eventually(() => list(prefix, 'node'), [id])
    const [seconds = '0'] = (await admin.time()).map(String)
    expect(Number(seconds) * 1_000 + 1_000 - checked).toBeGreaterThanOrEqual(1_000)
  })

  it('H6: a worker that says it still works between look and change keeps its job', async () => {
    const prefix = fresh()
    using peer = open(prefix)
    const id = await killed(peer)
    await admin.hset(`${prefix}job:${id}`, 'Fetched', longAgo())
    let slides = 0
    await using node = await openNode(url, prefix, {
      mode: 'shared',
      handled: [review],
      around: (client) => ({
        ...client,
        async send(args, key) {
          // The slide comes just before the script of the watcher.
          if (args.includes(`${prefix}queue:node:dequeued`) && args[0].startsWith('EVAL')) {
            slides += 1
            await admin.hset(
              `${prefix}job:${id}`,
              'Fetched',
              String(Date.now() - (slides < 3 ? 7_200_000 : 0) + slides),
            )
          }
          return await client.send(args, key)
        },
      }),
    })
    node.start(startFetchedWatcher, LIMITS)
    await eventually(() => slides >= 3, true)
    await eventually(() => admin.exists(`${prefix}queue:node:dequeued:lock`), 0)
    expect(await list(prefix, 'node:dequeued')).toEqual([id])
    expect(await list(prefix, 'node')).toEqual([])
  })

  it('H4: leaves a job alone while .NET changes its state', async () => {
    const prefix = fresh()
    using peer = open(prefix)
    const [locked, free] = [await killed(peer), await killed(peer)]
    for (const id of [locked, free]) await admin.hset(`${prefix}job:${id}`, 'Fetched', longAgo())
    await peer.acquire(`job:${locked}:state-lock`, 0)
    await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
    node.start(startFetchedWatcher, LIMITS)
    await eventually(() => list(prefix, 'node'), [free])
    expect(await list(prefix, 'node:dequeued')).toEqual([locked])
    await peer.release(`job:${locked}:state-lock`)
    await eventually(() => list(prefix, 'node:dequeued'), [])
  })

  it('HF#2080: entries of jobs that have ended are removed, and those that rest are not run', async () => {
    const prefix = fresh()
    using peer = open(prefix, '1.9.4')
    const ids: string[] = []
    for (const state of ['Succeeded', 'Deleted', 'Failed', 'Awaiting', 'Scheduled']) {
      const id = await killed(peer)
      await admin.hset(`${prefix}job:${id}`, 'State', state, 'Fetched', longAgo())
      await admin.hset(
        `${prefix}job:${id}:state`,
        'State',
        state,
        'EnqueueAt',
        String(Date.now() + 3_600_000),
      )
      ids.push(id)
    }
    await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
    node.start(startFetchedWatcher, LIMITS)
    await eventually(() => list(prefix, 'node:dequeued'), [])
    expect(await list(prefix, 'node')).toEqual([])
    for (const id of ids) expect(await admin.hexists(`${prefix}job:${id}`, 'Fetched')).toBe(0)
  })

  it('H10: in a shared prefix leaves what is not handled here, and what has no job', async () => {
    const prefix = fresh()
    using peer = open(prefix)
    const id = await killed(peer, foreign)
    await admin.hset(`${prefix}job:${id}`, 'Fetched', longAgo())
    await admin.lpush(`${prefix}queue:node:dequeued`, 'no-such-job')
    const mine = await killed(peer)
    await admin.hset(`${prefix}job:${mine}`, 'Fetched', longAgo())
    const before = await admin.dump(`${prefix}job:${id}`)
    await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
    node.start(startFetchedWatcher, LIMITS)
    await eventually(() => list(prefix, 'node'), [mine])
    expect((await list(prefix, 'node:dequeued')).toSorted()).toEqual([id, 'no-such-job'].toSorted())
    expect(await admin.dump(`${prefix}job:${id}`)).toEqual(before)
    expect(await admin.exists(`${prefix}job:no-such-job`)).toBe(0)
  })

  it('in an own prefix takes every job so, and removes entries without a job, and servers that are silent', async () => {
    const prefix = fresh()
    using dead = open(prefix)
    using living = open(prefix)
    const id = await killed(dead, foreign)
    await admin.hset(`${prefix}job:${id}`, 'Fetched', String(Date.now() - 600_000))
    await admin.lpush(`${prefix}queue:node:dequeued`, 'no-such-job')
    await admin.sadd(`${prefix}servers`, 'without a hash')
    await living.server.announce(['node'])
    await using node = await openNode(url, prefix)
    let beats = 0
    const beating = setInterval(
      () => void admin.hset(`${prefix}server:${living.server.id}`, 'Heartbeat', (beats += 1)),
      10,
    )
    node.start(startFetchedWatcher, { ...LIMITS, serverTimeoutMs: 5_000 })
    await eventually(() => admin.smembers(`${prefix}servers`), [living.server.id])
    clearInterval(beating)
    expect(await list(prefix, 'node:dequeued')).toEqual([])
    expect(await list(prefix, 'node')).toEqual([id])
    expect(
      await admin.exists(`${prefix}server:${dead.server.id}`, `${prefix}server:${dead.server.id}:queues`),
    ).toBe(0)
    expect(await admin.hget(`${prefix}server:${living.server.id}`, 'StartedAt')).not.toBeNull()
    expect(node.errors).toEqual([])
  })

  it('RS#136: the lock of another only delays it', async () => {
    const prefix = fresh()
    using peer = open(prefix)
    const id = await killed(peer)
    await admin.hset(`${prefix}job:${id}`, 'Fetched', longAgo())
    await peer.acquire('queue:node:dequeued:lock', 0)
    await using node = await openNode(url, prefix, { mode: 'shared', handled: [review] })
    let asked = 0
    const { locks } = node.options
    const run = (...args: Parameters<typeof locks.run>): Promise<unknown> => {
      asked += 1
      return locks.run(...args)
    }
    node.start(startFetchedWatcher, { ...LIMITS, locks: { ...locks, run } as typeof locks })
    await eventually(() => asked >= 2, true)
    expect(await list(prefix, 'node:dequeued')).toEqual([id])
    await peer.release('queue:node:dequeued:lock')
    await eventually(() => list(prefix, 'node'), [id])
    expect(node.errors).toEqual([])
  })
})
