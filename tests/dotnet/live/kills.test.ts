import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { describeWorldsAtOnce } from '../src/describe-worlds.ts'
import { witnessed } from '../src/jobs.ts'
import { nodeWitness } from '../src/node-jobs.ts'
import { NodeProcess } from '../src/node-process.ts'
import { twoWorlds } from '../src/world-kinds.ts'

/** Of each of four ways: made by Node or .NET, run by Node or .NET. */
const JOBS = 60
const KILLS = 8
/** A server that is silent for so long is dead to .NET. Node says that it lives every 30 s. */
const SERVER_TIMEOUT_S = 45

describe(`${4 * JOBS} jobs while both sides are killed`, () => {
  describeWorldsAtOnce(twoWorlds, (world) => {
    it('H6, H8, H11: all of them end, and only a kill makes one run again', async () => {
      const { admin, drive, hangfire, kind, monitor, redis, serve } = world()
      const { jobs } = hangfire()
      const startDotnet = () =>
        serve({
          workers: 4,
          invisibilitySeconds: 60,
          heartbeatSeconds: 5,
          serverTimeoutSeconds: SERVER_TIMEOUT_S,
          serverCheckSeconds: 5,
        })
      const startNode = () => NodeProcess.start({ client: kind.client, url: redis.url })
      const all = new Map<string, string>()
      // H11: by this job the Node server sees how .NET writes dates and types.
      all.set(await drive.enqueue('witnessed', { name: 'first' }), 'first')
      await using stack = new AsyncDisposableStack()
      let node = await startNode()
      let dotnet = await startDotnet()
      stack.defer(async () => await node.kill())

      const enqueueAll = async (): Promise<void> => {
        for (let i = 0; i < JOBS; i += 1) {
          const ms = 20 + 7 * (i % 30)
          all.set(await jobs.enqueue(witnessed, [`node to dotnet ${i}`, ms]), `node to dotnet ${i}`)
          all.set(await jobs.enqueue(nodeWitness, [`node to node ${i}`, ms]), `node to node ${i}`)
          const [toDotnet, toNode] = [`dotnet to dotnet ${i}`, `dotnet to node ${i}`]
          all.set(await drive.enqueue('witnessed', { name: toDotnet, ms }), toDotnet)
          all.set(await drive.enqueue('node-witness', { name: toNode, ms }), toNode)
          await delay(100) // spreads the jobs over the kills
        }
      }
      const killAll = async (): Promise<void> => {
        for (let i = 0; i < KILLS; i += 1) {
          await delay(300 + Math.random() * 1_500) // at any moment
          if (i % 2 === 0) {
            await dotnet.stop('SIGKILL')
            dotnet = await startDotnet()
          } else {
            await node.kill()
            node = await startNode()
          }
        }
      }
      await Promise.all([enqueueAll(), killAll()])

      const unfinished = async (): Promise<readonly string[]> => {
        const shown = await Promise.all(Array.from(all.keys(), (id) => monitor.job(id)))
        return shown.flatMap((job) => (job === undefined || job.state === 'Succeeded' ? [] : [job.id]))
      }
      await vi.waitFor(
        async () => {
          const left = await unfinished()
          for (const id of left) if (await isOrphan(id)) await jobs.requeue(id)
          expect(left).toEqual([])
        },
        { timeout: 400_000, interval: 2_000 },
      )

      let again = 0
      for (const key of all.values()) {
        const [began, ended] = [await admin.llen(`began:${key}`), await admin.llen(`ended:${key}`)]
        expect(ended, key).toBeGreaterThanOrEqual(1)
        // Once more for each kill that it was in, and never without one.
        expect(began, key).toBeLessThanOrEqual(1 + KILLS)
        again += began - 1
      }
      expect(again).toBeLessThanOrEqual(KILLS * 4)
      expect(await monitor.statistics()).toMatchObject({
        succeeded: all.size,
        processing: 0,
        enqueued: 0,
        failed: 0,
      })

      /** What storage 1.12.0 loses for ever when it dies right after an acknowledgement: see orphans.test.ts. */
      async function isOrphan(id: string): Promise<boolean> {
        if (kind.storage !== '1.12.0') return false
        const { queues } = await monitor.queues()
        const lists = await Promise.all(
          queues.flatMap(({ name }) => [monitor.enqueued(name), monitor.fetched(name)]),
        )
        const job = await monitor.job(id)
        return (
          job?.state === 'Processing' &&
          job.fetchedAt === undefined &&
          !lists.some(({ jobs: listed }) => listed.some((each) => each.id === id))
        )
      }
    })
  })
})
