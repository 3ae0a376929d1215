/** The page docs/migration/hangfire.md from its first step to its last, and back, with the code that it shows. */
import { randomUUID } from 'node:crypto'
import {
  type Review,
  enqueueReview,
  handleInterface,
  handleMoved,
  movedReview,
  processReview,
  reviewByHand,
  serveAlone,
  serveNode,
} from '@holdfast/examples/hangfire-moving'
import { Redis } from 'ioredis'
import { describe, it } from 'vitest'
import { describeWorldsAtOnce } from '../src/describe-worlds.ts'
import type { DotnetProcess } from '../src/dotnet-process.ts'
import { expectEveryPageAnswers200 } from '../src/healthy.ts'
import { PREFIX } from '../src/prefix.ts'
import { runCli } from '../src/run-cli.ts'
import { twoWorlds } from '../src/world-kinds.ts'

const MOVED = 'ProcessReviewAsync=node'

describe('move one job at a time', () => {
  describeWorldsAtOnce(twoWorlds, (world) => {
    it('there, back, and for good', async ({ expect, onTestFinished }) => {
      const { admin, dashboard, drive, hangfire, kind, openDrive, redis: server, serve } = world()
      const redis = new Redis(server.url)
      onTestFinished(() => redis.disconnect())
      const { jobs, locks, recurring } = hangfire()
      const dotnets: DotnetProcess[] = []
      const serveDotnet = async (options: Parameters<typeof serve>[0] = {}): Promise<DotnetProcess> => {
        const started = await serve({ workers: 3, ...options })
        dotnets.push(started)
        return started
      }
      /** How many were within the job, on both sides, whenever one entered. */
      const inside: number[] = []
      const reviewed: string[] = []
      const failing = new Set<string>()
      const witness = async (): Promise<void> => {
        inside.push(await admin.incr('witness:review'))
      }
      const review: Review = async (id) => {
        await witness()
        await admin.decr('witness:review')
        reviewed.push(id)
        if (failing.delete(id)) throw new Error('boom')
      }
      const values = (id: string = randomUUID()) => [id, 'acme/web', 7, null] as const
      /** Which side ran a job last, once it has succeeded. */
      const ranBy = async (id: string): Promise<string | undefined> => {
        await expect.poll(async () => (await drive.show(id)).state?.Name, { message: id }).toBe('Succeeded')
        const { history } = await drive.show(id)
        const run = history?.find(({ StateName }) => StateName === 'Processing')
        return run?.Data['ServerId']?.split(':')[0]
      }
      const allRanBy = async (side: 'node' | 'dotnet', ids: readonly (string | null | undefined)[]) => {
        for (const id of ids) expect(await ranBy(id ?? ''), id ?? 'no job').toBe(side)
      }
      const queueOfNode = async (): Promise<readonly string[]> =>
        await admin.lrange(`${PREFIX}queue:node`, 0, -1)
      const expectHealthy = async (): Promise<void> => {
        await expectEveryPageAnswers200(world())
        expect(await runCli('check', server.url)).toMatchObject({ code: 0 })
      }

      // 1. Look before anything is written.
      let dotnet = await serveDotnet()
      await allRanBy('dotnet', [await drive.enqueue('review')])
      await expectHealthy()

      // 2. One lock for both.
      const mayEnd = Promise.withResolvers<void>()
      const holds = Promise.withResolvers<void>()
      const byHand = reviewByHand({ locks }, async () => {
        await witness()
        holds.resolve()
        await mayEnd.promise
        await admin.decr('witness:review')
      })
      await holds.promise
      const waiting = await drive.enqueue('review')
      await dotnet.until('state', ({ id, to }) => id === waiting && to === 'Processing')
      mayEnd.resolve()
      await byHand
      await allRanBy('dotnet', [waiting])

      // 3. Node enqueues, .NET runs.
      const fromNode = await enqueueReview({ jobs }, randomUUID())
      await allRanBy('dotnet', [fromNode])
      await expectHealthy()

      // 4. The body moves. What is there from before: in the queue, scheduled, recurring.
      await recurring.addOrUpdate('reviews', processReview, values(), '0 0 1 1 *')
      await dotnet.stop()
      const backlog = await drive.enqueue('review')
      const scheduled = await drive.enqueue('review', { delaySeconds: 1 })
      const child = await drive.enqueue('review', { after: scheduled })
      const sibling = await drive.enqueue('log', { after: child })
      let node = await serveNode(redis, [handleMoved(review)])
      dotnet = await serveDotnet({ moved: MOVED })
      const moved = await openDrive({ moved: MOVED })
      await allRanBy('dotnet', [backlog])
      await allRanBy('node', [scheduled, child])
      await allRanBy('dotnet', [sibling])
      const enqueued = await moved.enqueue('review')
      expect(await moved.requeue(waiting)).toBe(true)
      expect(await moved.requeue(fromNode)).toBe(true)
      const nodes = await jobs.enqueue(movedReview, values())
      const triggered = await moved.trigger('reviews')
      await allRanBy('node', [enqueued, waiting, fromNode, nodes, triggered])
      const [flaky] = values()
      failing.add(flaky)
      const retried = await jobs.enqueue(movedReview, values(flaky))
      await expect.poll(async () => (await drive.show(retried)).state?.Name).toBe('Scheduled')
      expect(await moved.requeue(retried)).toBe(true)
      await allRanBy('node', [retried])
      expect(reviewed.filter((id) => id === flaky)).toHaveLength(2)
      // Its siblings stay.
      await allRanBy('dotnet', [await drive.enqueue('log'), await moved.enqueue('log')])
      // Both sides run it for a while, and never at once.
      const [there, here] = await Promise.all([
        drive.enqueueMany(3, 'review'),
        moved.enqueueMany(3, 'review'),
      ])
      await allRanBy('dotnet', there)
      await allRanBy('node', here)
      await expectHealthy()

      // The way back: Node stops, .NET is as it was and listens on both queues until that of Node is empty.
      await node[Symbol.asyncDispose]()
      const left = [
        await moved.enqueue('review'),
        await moved.enqueue('review', { delaySeconds: 1 }),
        await jobs.schedule(movedReview, values(), { delayMs: 1_000 }),
      ]
      await dotnet.stop()
      expect(await queueOfNode()).toContain(left[0])
      dotnet = await serveDotnet({ queues: ['default', 'node'] })
      await dashboard.press('requeue', enqueued)
      await allRanBy('dotnet', [
        ...left,
        enqueued,
        await drive.trigger('reviews'),
        await drive.enqueue('review'),
      ])
      await dotnet.stop()
      expect(await queueOfNode()).toEqual([])
      // A job that Node made for its queue stays there on the newer storage, so .NET listens on it as long as there are such.
      expect(await drive.requeue(nodes)).toBe(true)
      expect(await queueOfNode()).toEqual(kind.storage === '1.12.0' ? [nodes] : [])
      dotnet = await serveDotnet({ queues: ['default', 'node'] })
      await allRanBy('dotnet', [nodes])
      await expectHealthy()

      // 5. The body goes from .NET: callers have an interface, which only Node serves. Jobs of the class may still come.
      await dotnet.stop()
      dotnet = await serveDotnet({ moved: MOVED })
      node = await serveNode(redis, [handleMoved(review), handleInterface(review)])
      await allRanBy('node', [
        ...(await drive.enqueueMany(3, 'queued')),
        ...(await moved.enqueueMany(3, 'review')),
        await drive.enqueue('queued', { delaySeconds: 1 }),
      ])
      await expectHealthy()
      await node[Symbol.asyncDispose]()

      // 6. The last .NET server stops, and Node has what is left: queues, schedule, recurring jobs.
      await dotnet.stop()
      const last = [
        await drive.enqueue('review'),
        await drive.enqueue('queued'),
        await drive.enqueue('log'),
        await drive.enqueue('log', { delaySeconds: 1 }),
      ]
      const [often] = values()
      await recurring.addOrUpdate('reviews', processReview, values(often), '*/2 * * * * *')
      const written: string[] = []
      node = await serveAlone(redis, review, (message) => written.push(message))
      await allRanBy('node', last)
      expect(written).toHaveLength(2)
      await expect.poll(() => reviewed).toContain(often)
      expect(await recurring.remove('reviews')).toBe(true)
      await expectHealthy()

      // And back from there.
      await node[Symbol.asyncDispose]()
      await serveDotnet({ queues: ['default', 'node'] })
      await allRanBy('dotnet', [await drive.enqueue('review'), await drive.enqueue('log')])
      expect(await queueOfNode()).toEqual([])

      const entered = dotnets.flatMap((each) => each.all('enter').filter(({ name }) => name === 'review'))
      expect(entered.length).toBeGreaterThan(10)
      expect(inside.length).toBeGreaterThan(10)
      expect([...inside, ...entered.map((line) => line.inside)].filter((count) => count !== 1)).toEqual([])
    })
  })
})
