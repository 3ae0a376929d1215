/** Reviews by jobs of a Hangfire while instances are killed and frozen, and while Hangfire does not answer. */
import { beforeEach, describe, it } from 'vitest'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aHangfireWorld } from './a-hangfire.ts'

const TAKEN_OVER = ['Enqueued', 'Processing', 'Enqueued', 'Processing', 'Succeeded']

describe('a review by a job of a Hangfire', () => {
  beforeEach(onlyInWholeDemo)

  it.for(['kill', 'freeze'] as const)(
    'goes on elsewhere after a %s, and is charged once',
    async (act, context) => {
      const { expect } = context
      const { world, ask, statesOf, all, until } = await aHangfireWorld(context, { paceMs: 300 })
      const jobId = await ask('HEAD')
      const { source, executionId, jobKey } = await until('attempt.started')
      await until('attempt.seen', (seen) => seen.executionId === executionId && seen.percent >= 30)
      await world.act(act, { instance: source })
      await expect.poll(() => statesOf(jobId)).toEqual(TAKEN_OVER)
      await until('review', ({ id, state }) => id === jobKey && state === 'HumanReview')
      if (act === 'freeze') {
        await world.act('thaw', { instance: source })
        await until('call.answered', (answer) => answer.source === source)
      }
      expect(await statesOf(jobId)).toEqual(TAKEN_OVER)
      expect(all('attempt.started').map(({ attempt }) => attempt)).toEqual([1, 2])
      expect(all('effect.saved').filter(({ effect }) => effect === 'charge')).toHaveLength(1)
      expect(await until('verdict', ({ ended }) => ended === 1)).toMatchObject({ twice: 0 })
    },
  )

  it('is cancelled when its job is deleted there', async (context) => {
    const { expect } = context
    const { hangfire, ask, statesOf, until } = await aHangfireWorld(context, { paceMs: 2_000 })
    const jobId = await ask('HEAD')
    await until('attempt.started')
    expect(await hangfire.jobs.delete(jobId)).toBe(true)
    expect(await until('review', ({ state }) => state === 'Rejected')).toMatchObject({
      reason: 'Its job was deleted in Hangfire.',
    })
    expect(await statesOf(jobId)).toEqual(['Enqueued', 'Processing', 'Deleted'])
  })

  it('is refused while Hangfire does not answer, and starts when it does', async (context) => {
    const { expect } = context
    const { world, redis, until } = await aHangfireWorld(context)
    await redis.kill()
    await until('hangfire', ({ state }) => state === 'unreachable')
    const refused = await world.act('review', { base: 'HEAD~1', head: 'HEAD' })
    expect(refused).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^Hangfire did not take the review/),
    })
    const { id } = await until('review')
    await redis.restart()
    await until('hangfire', ({ state }) => state === 'up')
    expect(await world.act('retry', { review: id })).toMatchObject({ ok: true })
    await until('review', ({ state, job }) => state === 'HumanReview' && job?.state === 'Succeeded')
  })

  it('is handed back when the demo ends', async (context) => {
    const { expect } = context
    const { world, hangfire, ask, statesOf, until } = await aHangfireWorld(context, { paceMs: 5_000 })
    const jobs = [await ask('HEAD'), await ask('HEAD')]
    const { source } = await until('attempt.started')
    // One that is frozen can hand nothing back by itself.
    await world.act('freeze', { instance: source })
    await world.close()
    for (const jobId of jobs) expect((await statesOf(jobId)).at(-1)).toBe('Enqueued')
    const { jobs: queued } = await hangfire.monitor.enqueued('ai-review')
    expect(queued.map(({ id }) => id).toSorted()).toEqual(jobs.toSorted())
    expect((await hangfire.monitor.processing()).jobs).toEqual([])
  })
})
