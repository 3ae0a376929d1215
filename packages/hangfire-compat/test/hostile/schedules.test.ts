import { setTimeout as sleep } from 'node:timers/promises'
import { between, type Random, seeded } from '@holdfast/test-support/chaos'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import type { HangfireContext } from '../../src/storage/context.ts'
import { changeState } from '../../src/transitions/change-state.ts'
import { createJob } from '../../src/transitions/create-job.ts'
import { encodeCall } from '../../src/jobs/job-definition.ts'
import { DotnetPeer, type Generation, generations } from '../peer/dotnet-peer.ts'
import type { WatcherTimes } from '../peer/dotnet-schedulers.ts'
import type { DotnetOutcome } from '../peer/dotnet-server.ts'
import { DotnetWorkers } from './dotnet-workers.ts'
import { violations } from './invariants.ts'
import { log, nodeWork, queueAttribute } from './jobs.ts'
import { Witness, nodeWorkers, work } from './node-workers.ts'
import { openNode } from './open-node.ts'
import { snapshot } from './snapshot.ts'
import { Turns } from './turns.ts'

const server = await startRedis()
const admin = new Redis(server.url)
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

const SEEDS = [1, 2]
const JOBS = 6
const prefix = '{hangfire}:'

/** Node hurries as much as its turns allow. */
const HURRIED = {
  heartbeatMs: 1_000,
  scanMs: 30,
  checkMs: 40,
  slideMs: 80,
  retryMs: 5,
  busyMs: 2,
}

interface Play {
  readonly random: Random
  readonly peer: DotnetPeer
  readonly node: HangfireContext
  readonly witness: Witness
  /** Of jobs that were created so far. */
  readonly ids: string[]
  readonly ofNode: ReadonlySet<string>
}

/**
 * .NET and Node work on one storage, and each step of either waits for a turn that the seed decides. After every step the data
 * is looked at.
 *
 * @returns what was wrong
 */
async function play(
  seed: number,
  generation: Generation,
  { isCalm, repeats = 0 }: { readonly isCalm: boolean; readonly repeats?: number },
  others: (play: Play) => readonly Promise<void>[] = () => [],
): Promise<readonly string[]> {
  await admin.flushall()
  const random = seeded(seed)
  const wrong: string[] = []
  const trace: string[] = []
  const turns = new Turns(random, async (step) => {
    trace.push(step)
    if (wrong.length > 0) return
    const { inHands } = workers
    for (const each of violations(await snapshot(admin, prefix), { inHands, isCalm }))
      wrong.push(`seed ${seed}, step ${turns.steps}: ${each}\n${trace.slice(-12).join('\n')}`)
  })
  using peer = new DotnetPeer(server.url, generation, {
    prefix,
    queueAttribute,
    pace: turns.pace('.NET'),
    secondMs: 1,
  })
  await using node = await openNode(server.url, prefix, (client) => turns.client('Node', client, repeats))
  const fails = (): boolean => between(random, 0, 2) === 0
  const boom = { error: { type: 'System.Exception', message: 'boom' } }
  const workers = new DotnetWorkers(peer, ['default'], (): DotnetOutcome => (fails() ? boom : {}))
  const witness = new Witness()
  await peer.server.announce(['default'])
  await using _ = await nodeWorkers(node.context, {
    witness,
    times: HURRIED,
    body: async () => {
      await sleep(between(random, 0, 3))
      if (fails()) throw new Error('boom')
    },
  })
  const ids: string[] = []
  let watched: WatcherTimes = {}
  let isBusy = true
  const whileBusy = async (turn: () => Promise<unknown>): Promise<void> => {
    // Without a pause those that find nothing would take most turns.
    while (isBusy) if ((await turn()) !== true) await sleep(6)
  }
  const ofNode = new Set<string>()
  const created = (id: string, isOfNode: boolean): void => {
    ids.push(id)
    if (isOfNode) ofNode.add(id)
  }
  const dotnetClient = async (): Promise<void> => {
    for (let job = 0; job < JOBS; job += 1) {
      const [kind, isOfNode] = [between(random, 0, 3), between(random, 0, 1) === 0]
      const [call, [parent]] = [isOfNode ? nodeWork : log, ids]
      if (kind === 0) created(await peer.jobs.schedule(call, 0), isOfNode)
      else if (kind === 1 && parent !== undefined)
        created(await peer.jobs.continueWith(parent, log, between(random, 0, 3)), false)
      else created(await peer.jobs.enqueue(call), isOfNode)
    }
  }
  const nodeClient = async (): Promise<void> => {
    for (let job = 0; job < JOBS / 2; job += 1) {
      const id = crypto.randomUUID()
      const invocation = encodeCall(work, ['hello'], await node.context.dialect())
      const isLater = between(random, 0, 2) === 0
      const outcome = createJob(node.context, {
        id,
        invocation,
        steps: (now) => [
          isLater
            ? { name: 'Scheduled', scheduledAt: now, enqueueAt: now }
            : { name: 'Enqueued', enqueuedAt: now, queue: 'node' },
        ],
      })
      expect(['done', 'already']).toContain((await outcome).outcome)
      created(id, true)
    }
  }
  // What was wrong once may never be right again.
  const idle = async (): Promise<readonly string[]> =>
    wrong.length > 0 ? [] : violations(await snapshot(admin, prefix), { isIdle: true })
  const background = [
    whileBusy(() => workers.turn()),
    whileBusy(() => workers.turn()),
    whileBusy(() => peer.schedulers.pollSchedule()),
    whileBusy(() => peer.schedulers.watchFetched(watched)),
  ]
  try {
    const context: Play = { random, peer, node: node.context, witness, ids, ofNode }
    await Promise.all([dotnetClient(), nodeClient(), ...others(context)])
    // What 1.12.0 leaves of a job that was requeued while it ran goes two looks later.
    if (!isCalm) watched = { checkedMs: 0 }
    await expect.poll(idle).toEqual([])
  } finally {
    isBusy = false
    await Promise.all(background)
    turns.end()
  }
  const never = isCalm ? [...ofNode].filter((id) => !witness.begun.includes(id)) : []
  return [
    ...wrong,
    ...witness.overlaps.map((id) => `seed ${seed}: two bodies of ${id} at once`),
    ...never.map((id) => `seed ${seed}: ${id} never ran`),
  ]
}

describe.for(generations)('random schedules of .NET %s and Node', (generation) => {
  it.for([1])('both work, and every job is in one place at every moment, seed %i', async (seed) => {
    expect(await play(seed, generation, { isCalm: true })).toEqual([])
  })

  it.for(SEEDS)(
    'scripts of Node that run twice, at once or late, do what one does, seed %i',
    async (seed) => {
      expect(await play(seed, generation, { isCalm: true, repeats: 40 })).toEqual([])
    },
  )

  it.for(SEEDS)('both delete and requeue what either runs, seed %i', async (seed) => {
    const remove = (deletedAt: number) => [{ name: 'Deleted' as const, deletedAt }]
    const requeue = (queue: string) => (enqueuedAt: number) => [
      { name: 'Enqueued' as const, enqueuedAt, queue },
    ]
    const wrong = await play(seed, generation, { isCalm: false }, ({ random, peer, node, ids, ofNode }) => {
      const operator = async (change: (id: string, deletes: boolean) => Promise<unknown>): Promise<void> => {
        for (let times = 0; times < 6; times += 1) {
          await sleep(2)
          const id = ids[between(random, 0, ids.length - 1)]
          if (id !== undefined) await change(id, between(random, 0, 2) === 0)
        }
      }
      return [
        operator((id, deletes) =>
          changeState(node, { id, steps: deletes ? remove : requeue(ofNode.has(id) ? 'node' : 'default') }),
        ),
        operator((id, deletes) => (deletes ? peer.jobs.delete(id) : peer.jobs.requeue(id))),
      ]
    })
    expect(wrong).toEqual([])
  })
})
