import { randomUUID } from 'node:crypto'
import type { RedisClient } from '@holdfast/redis-protocol'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
import { startRedis } from '@holdfast/test-support/redis'
import { DotnetPeer, generations } from '../peer/dotnet-peer.ts'
import type { Pace } from '../peer/dotnet-process.ts'
import { violations } from './invariants.ts'
import { nodeWork, queueAttribute } from './jobs.ts'
import { MortalClient } from './mortal-client.ts'
import { Witness, nodeWorkers } from './node-workers.ts'
import { openNode } from './open-node.ts'
import { snapshot } from './snapshot.ts'

const server = await startRedis()
const admin = new Redis(server.url)
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

/** What is 30 minutes, 5 minutes, one minute and seconds elsewhere. */
const HURRIED = {
  heartbeatMs: 300,
  scanMs: 100,
  checkMs: 200,
  slideMs: 300,
  retryMs: 50,
  schedulers: { delayed: 200, fetched: 200 },
  watcher: { invisibilityMs: 600_000, checkedMs: 500 },
  serverTimeoutMs: 2_500,
}

/** A job with a child takes about fifteen commands, from the announcement on. */
const LIVES = 20

/** Nothing is done beside its jobs, so that it sends about the same commands in every life. */
const ALONE = { heartbeatMs: 600_000, checkMs: 600_000, schedulers: { delayed: 600_000, fetched: 600_000 } }

describe.concurrent.for(generations)('Node processes that are killed beside .NET %s', (generation) => {
  it('each before another one of its commands: H6, H8: every job ends once, and no page breaks meanwhile', async ({
    expect,
  }) => {
    const prefix = `{${randomUUID()}}:`
    using peer = new DotnetPeer(server.url, generation, { prefix, queueAttribute })
    const witness = new Witness()
    const ids: string[] = []
    const stateOf = (id: string) => admin.hget(`${prefix}job:${id}`, 'State')
    let deaths = 0
    const ended: Promise<void>[] = []
    for (let lives = 0; lives < LIVES; lives += 1) {
      const parent = await peer.jobs.enqueue(nodeWork)
      const child = await peer.jobs.continueWith(parent, nodeWork, 1)
      ids.push(parent, child)
      const process = await startMortal(prefix, lives, witness)
      await expect.poll(async () => process.isDead || (await stateOf(child)) === 'Succeeded').toBe(true)
      if (process.isDead) deaths += 1
      ended.push(process.end())
      expect(violations(await snapshot(admin, prefix))).toEqual([])
    }
    expect(deaths).toBeGreaterThan(LIVES / 2)

    await using other = await openNode(server.url, prefix)
    await using _ = await nodeWorkers(other.context, { witness, times: HURRIED })
    await expect
      .poll(async () => {
        // Its watcher sees dead servers, too, when Node's has removed them.
        if (generation === '1.12.0') await peer.schedulers.watchFetched()
        return new Set(await Promise.all(ids.map(stateOf)))
      })
      .toEqual(new Set(['Succeeded']))
    await expect.poll(async () => violations(await snapshot(admin, prefix), { isIdle: true })).toEqual([])
    // In a shared prefix dead servers are .NET's to remove: none of them makes its watchdog throw.
    await peer.schedulers.removeTimedOutServers(2_000)
    expect(await admin.get(`${prefix}stats:succeeded`)).toBe(String(ids.length))
    // A body runs again only if the process died with it.
    expect(new Set(witness.begun)).toEqual(new Set(ids))
    expect(witness.begun.length).toBeLessThanOrEqual(ids.length + deaths)
    expect(witness.overlaps).toEqual([])
    await Promise.all(ended)
  })
})

describe.concurrent.for(generations)('processes of .NET %s that are killed beside Node', (generation) => {
  it('each before another one of its commands: H3, H4: Node goes on when their locks have run out', async ({
    expect,
  }) => {
    const prefix = `{${randomUUID()}}:`
    const witness = new Witness()
    // So long an ending of Node waits for the state of a child whose creator was killed.
    await using node = await openNode(server.url, prefix, undefined, { childStateWaitMs: 2_000 })
    await using _ = await nodeWorkers(node.context, { witness, times: HURRIED })
    let [lives, hasDied] = [0, true]
    for (; hasDied; lives += 1) {
      let left = lives
      const pace: Pace = async (_commands, send) => {
        if ((left -= 1) < 0) throw new Error('killed')
        return await send()
      }
      using peer = new DotnetPeer(server.url, generation, { prefix, queueAttribute, pace })
      hasDied = await useAll(peer).then(
        () => false,
        () => true,
      )
      const found = await snapshot(admin, prefix)
      expect(violations(found)).toEqual([])
      // They run out after 30 s.
      for (const key of found.strings.keys()) if (/lock|poller/.test(key)) await admin.del(`${prefix}${key}`)
    }
    expect(lives).toBeGreaterThan(30)
    using rest = new DotnetPeer(server.url, generation, { prefix, queueAttribute })
    await rest.schedulers.pollSchedule()
    await expect.poll(async () => violations(await snapshot(admin, prefix), { isIdle: true })).toEqual([])
    const found = await snapshot(admin, prefix)
    const jobs = [...found.hashes].filter(([key]) => /^job:[^:]+$/.test(key))
    // A job that .NET had not given a state yet is in no queue, and Redis forgets it after 30 days.
    const states = new Set(jobs.map(([, { State }]) => State))
    expect([...states].filter((state) => state !== undefined).toSorted()).toEqual(['Deleted', 'Succeeded'])
    expect(witness.overlaps).toEqual([])
  })
})

/** Everything that a .NET process does with jobs that it does not run. */
async function useAll({ jobs, schedulers }: DotnetPeer): Promise<void> {
  const first = await jobs.enqueue(nodeWork)
  await jobs.schedule(nodeWork, 0)
  const child = await jobs.continueWith(first, nodeWork, 0)
  await schedulers.pollSchedule()
  await schedulers.watchFetched()
  await jobs.requeue(first)
  await jobs.delete(child)
}

/** A Node process with a worker that sends so many commands, and no more. */
async function startMortal(prefix: string, lives: number, witness: Witness) {
  let mortal: MortalClient | undefined
  const over = (client: RedisClient): RedisClient => (mortal = new MortalClient(client, lives)).client
  const node = await openNode(server.url, prefix, over, { callTimeoutMs: 2_000 })
  const serving = nodeWorkers(node.context, { witness, times: ALONE, concurrency: 1 })
  let hasGivenUp = false
  serving.catch(() => (hasGivenUp = true))
  return {
    get isDead() {
      return hasGivenUp || mortal?.isDead === true
    },
    /** It gives up what it waits for, which takes the deadline of its commands. */
    async end(): Promise<void> {
      const [server] = await Promise.allSettled([serving])
      if (server.status === 'fulfilled') await server.value[Symbol.asyncDispose]()
      await node[Symbol.asyncDispose]()
    },
  }
}
