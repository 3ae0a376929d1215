/**
 * The demo on a live Hangfire, as `npm run demo -- --hangfire URL` starts it: .NET asks for reviews and the page does, the demo's
 * instances do each once, and both pages show them.
 */
import { describe, it } from 'vitest'
import { type Demo, type ShownReview, startDemo } from '../src/demo.ts'
import { describeWorlds } from '../src/describe-worlds.ts'
import { twoWorlds } from '../src/world-kinds.ts'
import type { World } from '../src/world.ts'

async function historyOf({ drive }: World, id: string): Promise<readonly string[]> {
  return ((await drive.show(id)).history ?? []).map(({ StateName }) => StateName).toReversed()
}

const shownFor = (demo: Demo, jobId: string): ShownReview | undefined =>
  demo.reviews().find(({ job }) => job?.jobId === jobId)

describe('the demo beside a live .NET Hangfire', () => {
  describeWorlds(twoWorlds, (world) => {
    it('does what .NET and its page ask for once each, and both pages show it', async ({ expect }) => {
      const { drive, dashboard, redis, monitor } = world()
      await using demo = await startDemo(redis.url)
      const { repository } = demo

      // .NET asks, twice for the same commit and once for another.
      const ask = (range: string, name = repository) =>
        drive.enqueue('demo-review', { repository: name, range })
      const [first, second, other] = [await ask('HEAD'), await ask('HEAD~1..HEAD'), await ask('HEAD~1')]
      for (const id of [first, second, other])
        await expect
          .poll(() => historyOf(world(), id), { timeout: 240_000, interval: 500 })
          .toEqual(['Enqueued', 'Processing', 'Succeeded'])
      await expect
        .poll(() => demo.reviews().map(({ state }) => state))
        .toEqual(['HumanReview', 'HumanReview'])
      const { state } = await drive.show(first)
      expect(JSON.parse(String(state?.Data['Result']))).toMatchObject({ outcome: 'done' })
      const { review } = JSON.parse(String(state?.Data['Result'])) as { readonly review: string }
      const { jobs } = (await demo.read(`/api/reviews/${review}`)) as Pick<ShownReview, 'id'> & {
        readonly jobs: readonly { readonly jobId: string; readonly creator: string; readonly state: string }[]
      }
      expect(jobs.map(({ jobId }) => jobId).toSorted()).toEqual([first, second].toSorted())
      for (const job of jobs) expect(job).toMatchObject({ creator: 'Hangfire', state: 'Succeeded' })
      await expect
        .poll(() => demo.reviews().map(({ id }) => [demo.begins(id), demo.charges(id)]))
        .toEqual([
          [1, 1],
          [1, 1],
        ])

      // The page asks: .NET sees the job, by the name that its contract has.
      expect(await demo.act('review-many', { ranges: ['HEAD~2'] })).toMatchObject({ ok: true })
      await expect
        .poll(() => demo.reviews().find(({ job }) => job?.creator === 'page')?.job?.state)
        .toBe('Succeeded')
      const asked = demo.reviews().find(({ job }) => job?.creator === 'page')?.job?.jobId ?? ''
      expect(await drive.show(asked)).toMatchObject({
        job: 'AIReview.Contracts.IReviewJobs.Review',
        loadError: null,
        state: { Name: 'Succeeded' },
      })
      expect(await historyOf(world(), asked)).toEqual(['Enqueued', 'Processing', 'Succeeded'])

      // What is no review has failed on both pages, with the reason.
      const [nowhere, foreign] = [await ask('nowhere'), await ask('HEAD', 'acme/else')]
      for (const [id, reason] of [
        [nowhere, 'has no commit called "nowhere'],
        [foreign, '"acme/else" is not reviewed here'],
      ] as const) {
        await expect.poll(() => historyOf(world(), id)).toEqual(['Enqueued', 'Processing', 'Failed'])
        expect((await drive.show(id)).state?.Data['ExceptionMessage']).toContain(reason)
        await expect
          .poll(() => shownFor(demo, id))
          .toMatchObject({
            state: 'Rejected',
            reason: expect.stringContaining(reason),
            job: { state: 'Failed' },
          })
      }

      // A failure is a person's to try again: by a button of .NET's dashboard, too.
      await demo.act('reviewer', { mode: 'failing' })
      await demo.act('review', { base: 'HEAD~2', head: 'HEAD' })
      const rejected = () =>
        demo.reviews().find(({ job, state: now }) => job?.creator === 'page' && now === 'Rejected')
      await expect.poll(() => rejected()?.job?.state).toBe('Failed')
      const { id = '', job } = rejected() ?? {}
      const jobId = job?.jobId ?? ''
      expect(await historyOf(world(), jobId)).toEqual(['Enqueued', 'Processing', 'Failed'])
      await demo.act('reviewer', { mode: 'normal' })
      await dashboard.press('requeue', jobId)
      await expect
        .poll(async () => (await historyOf(world(), jobId)).slice(3))
        .toEqual(['Enqueued', 'Processing', 'Succeeded'])
      await expect.poll(() => demo.reviews().find((each) => each.id === id)?.state).toBe('HumanReview')
      expect([demo.begins(id), demo.charges(id)]).toEqual([2, 1])

      expect(await monitor.queues()).toMatchObject({ queues: [{ name: 'ai-review', length: 0 }] })
    })

    it('ends each of fifty reviews of .NET once, although an instance is killed, and hands the rest back', async ({
      expect,
    }) => {
      const { drive, redis, monitor } = world()
      const demo = await startDemo(redis.url)
      const { repository } = demo
      try {
        const ids = await drive.enqueueMany(50, 'demo-review', { repository, range: 'HEAD' })
        await expect.poll(() => demo.reviews().map(({ id }) => demo.begins(id))).toEqual([1])
        process.kill(demo.pids()[0] ?? 0, 'SIGKILL')
        for (const id of ids)
          await expect
            .poll(async () => (await historyOf(world(), id)).at(-1), { timeout: 240_000, interval: 500 })
            .toBe('Succeeded')
        expect(demo.reviews()).toMatchObject([{ state: 'HumanReview' }])
        expect(demo.charges(demo.reviews()[0]?.id ?? '')).toBe(1)
        expect(await monitor.statistics()).toMatchObject({ succeeded: 50, processing: 0 })

        await demo.act('reviewer', { mode: 'slow' })
        const late = await drive.enqueue('demo-review', { repository, range: 'HEAD~1' })
        await expect.poll(() => historyOf(world(), late)).toEqual(['Enqueued', 'Processing'])
        expect(await demo.interrupt()).toBe(130)
        // Another instance may have taken it once more before it ended, too.
        const history = await historyOf(world(), late)
        expect(history.slice(0, 2)).toEqual(['Enqueued', 'Processing'])
        expect(new Set(history)).toEqual(new Set(['Enqueued', 'Processing']))
        expect(history.at(-1)).toBe('Enqueued')
        expect((await monitor.enqueued('ai-review')).jobs.map((job) => job.id)).toEqual([late])
      } finally {
        await demo[Symbol.asyncDispose]()
      }
    })
  })
})
