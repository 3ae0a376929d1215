import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunScript, defineScript } from '@holdfast/redis-protocol'
import { between, seeded } from '@holdfast/test-support/chaos'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
import type { HangfireContext } from '../../src/storage/context.ts'
import { changeState } from '../../src/transitions/change-state.ts'
import { commitJobs } from '../../src/transitions/commit.ts'
import type { JobState } from '../../src/wire/states.ts'
import { DotnetPeer, generations } from '../peer/dotnet-peer.ts'
import { states } from '../peer/dotnet-states.ts'
import { openContext } from '../transitions/open-context.ts'
import { violations } from './invariants.ts'
import { snapshot } from './snapshot.ts'
import { log } from './jobs.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const JOBS = 4
/** As many as were compared with a live .NET. Without the rule it takes fewer for things to go wrong. */
const MANY = { node: 2_500, dotnet: 120 }
const FEW = { node: 600, dotnet: 60 }
const MOST_RACES = 20

/** What any process may make of a job at any time. Queues are not looked at here, because no server takes jobs from them. */
const targets: readonly ((now: number) => JobState)[] = [
  (enqueuedAt) => ({ name: 'Enqueued', enqueuedAt, queue: 'default' }),
  (now) => ({ name: 'Scheduled', enqueueAt: now + 60_000, scheduledAt: now }),
  (deletedAt) => ({ name: 'Deleted', deletedAt }),
  (succeededAt) => ({ name: 'Succeeded', succeededAt, performanceMs: 1, latencyMs: 1 }),
]

const dotnetTargets = [
  () => states.enqueued(),
  () => states.scheduled(60_000),
  () => states.deleted(),
  () => states.succeeded(1, 1),
]

const RULE = "if redis.call('EXISTS', KEYS[k + 4]) == 1 then"

/** The same script, but it does not look at the lock. */
function withoutTheRule(context: HangfireContext): HangfireContext {
  if (!commitJobs.source.includes(RULE)) throw new Error('the script has another rule')
  const careless = defineScript({ ...commitJobs, source: commitJobs.source.replace(RULE, 'if false then') })
  const { source, sha1 } = careless
  return {
    ...context,
    claim: (command) =>
      context.claim((run, notAfter) => {
        const runCareless: RunScript = (script, ...rest) =>
          run(script.sha1 === commitJobs.sha1 ? { ...script, source, sha1 } : script, ...rest)
        return command(runCareless, notAfter)
      }),
  }
}

/** Both change the same jobs as fast as they can. */
async function race(
  generation: (typeof generations)[number],
  numbers: typeof MANY,
  change: (context: HangfireContext) => HangfireContext = (context) => context,
) {
  const prefix = `{${randomUUID()}}:`
  await using node = await openContext('ioredis', url, { prefix })
  const peers = [0, 1].map(
    () =>
      new DotnetPeer(url, generation, {
        prefix,
        // .NET is slower than this: between what it reads and what it writes there is time.
        pace: async (commands, send) => {
          if (commands.some(([name, , field]) => name === 'HSET' && field === 'State')) await sleep(1)
          return await send()
        },
      }),
  )
  const random = seeded(14)
  const ids = await Promise.all(
    Array.from({ length: JOBS }, () => (peers[0] as DotnetPeer).jobs.enqueue(log)),
  )
  const anyId = (): string => ids[between(random, 0, JOBS - 1)] ?? ''
  const entries = new Map(ids.map((id) => [id, 1]))
  const count = (id: string): void => void entries.set(id, (entries.get(id) ?? 0) + 1)
  let left = numbers.dotnet
  const dotnet = async (peer: DotnetPeer): Promise<void> => {
    while ((left -= 1) >= 0) {
      const [id, target] = [anyId(), dotnetTargets[between(random, 0, 3)]]
      if (target !== undefined && (await peer.jobs.change(id, target()))) count(id)
    }
  }
  let changes = 0
  const others = Promise.all(peers.map(dotnet))
  const context = change(node.context)
  const nodeTurns = async (): Promise<void> => {
    while (changes < numbers.node || left > 0) {
      changes += 1
      // A distinct instant: a change is known by what it writes.
      const [id, target, at] = [anyId(), targets[between(random, 0, 3)], 1_800_000_000_000 + changes]
      if (target === undefined) continue
      const { outcome } = await changeState(context, { id, steps: (now) => [target(now)], at })
      if (outcome === 'changed') count(id)
    }
  }
  await Promise.all([others, ...Array.from({ length: 6 }, nodeTurns)])
  const found = await snapshot(admin, prefix)
  for (const peer of peers) peer[Symbol.dispose]()
  const lost = ids.filter((id) => found.lists.get(`job:${id}:history`)?.length !== entries.get(id))
  return { changes, wrong: [...violations(found), ...lost.map((id) => `history of ${id}`)] }
}

describe.concurrent.for(generations)("H4: Node's changes of states and those of .NET %s", (generation) => {
  it('lose nothing of each other', async ({ expect }) => {
    const { changes, wrong } = await race(generation, MANY)
    expect(changes).toBeGreaterThanOrEqual(MANY.node)
    expect(wrong).toEqual([])
  })

  it('would, if a script did not refuse while the lock of the state exists', async ({ expect }) => {
    let wrong: readonly string[] = []
    // In a short race it may go well by chance.
    for (let races = 0; wrong.length === 0 && races < MOST_RACES; races += 1)
      ({ wrong } = await race(generation, FEW, withoutTheRule))
    expect(wrong.join()).toMatch(/stats:|listed in/)
  })
})
