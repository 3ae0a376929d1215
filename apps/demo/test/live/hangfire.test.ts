/** Reviews as jobs of a Hangfire: enqueued by the page and by another client, run once each, seen by both. */
import { describe, it } from 'vitest'
import { startDemo } from '../demo-run.ts'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aHangfireWorld } from './a-hangfire.ts'

describe('reviews by jobs of a Hangfire', () => {
  it('are done once each, asked for by either side, and however often', async ({
    expect,
    onTestFinished,
  }) => {
    const stage = await aHangfireWorld({ onTestFinished }, { paceMs: 20 })
    const { world, hangfire, ask, statesOf, endOf, all, until } = stage
    expect(world.state().hangfire).toMatchObject({ state: 'up', queue: 'ai-review' })
    const { servers } = await hangfire.monitor.servers()
    expect(servers.map(({ id }) => id.replace(/^aireview-\w+-(.*?):.*/, '$1')).toSorted()).toEqual([
      'instance-1',
      'instance-2',
    ])

    // The page asks, and another client for the same, twice.
    const answer = await world.act('review-many', { ranges: ['HEAD'] })
    expect(answer).toMatchObject({ ok: true, reviews: [{ what: 'started' }] })
    const review = answer.reviews?.[0]?.review ?? ''
    const others = [await ask('HEAD'), await ask('HEAD~1..HEAD')]
    const done = await until('review', ({ state, id }) => state === 'HumanReview' && id === review)
    for (const jobId of others)
      await expect.poll(() => statesOf(jobId)).toEqual(['Enqueued', 'Processing', 'Succeeded'])
    for (const jobId of others)
      expect(JSON.parse((await endOf(jobId))['Result'] ?? '')).toEqual({
        review,
        outcome: 'done',
        summary: '1 finding in 2 files',
      })
    await expect
      .poll(async () => (await world.review(review))?.jobs?.map(({ creator, state }) => [creator, state]))
      .toEqual([
        ['Hangfire', 'Succeeded'],
        ['Hangfire', 'Succeeded'],
        ['page', 'Succeeded'],
      ])
    expect((await world.review(review))?.jobs?.[0]?.history.map(({ state }) => state)).toEqual([
      'Enqueued',
      'Processing',
      'Succeeded',
    ])
    const rows = (event: string) => all('row').filter((row) => row.event === event && row.jobKey === review)
    await until('row', () => rows('end').length === 1)
    expect(rows('begin')).toHaveLength(1)
    expect(all('effect.saved').filter(({ effect }) => effect === 'charge')).toHaveLength(1)
    expect(done.job).toMatchObject({ jobId: expect.stringMatching(/^[0-9a-f-]{36}$/) })

    // What is done is not done again by a button.
    expect(await hangfire.jobs.requeue(others[0] ?? '', { queue: 'ai-review' })).toBe(true)
    await expect.poll(async () => (await statesOf(others[0] ?? '')).length).toBe(6)
    expect(rows('begin')).toHaveLength(1)
  })

  it('fail once, with the reason, and run again when a person wants it', async ({
    expect,
    onTestFinished,
    skip,
  }) => {
    onlyInWholeDemo({ skip })
    const stage = await aHangfireWorld({ onTestFinished }, { paceMs: 0 })
    const { world, hangfire, ask, statesOf, endOf, all, until } = stage
    const failed = async (jobId: string): Promise<string | undefined> => {
      await expect.poll(() => statesOf(jobId)).toEqual(['Enqueued', 'Processing', 'Failed'])
      return (await endOf(jobId))['ExceptionMessage']
    }
    const { name } = world.state().repository
    // What is no review starts nothing.
    const foreign = await ask('HEAD', 'acme/else')
    expect(await failed(foreign)).toBe(`"acme/else" is not reviewed here: "${name}" is.`)
    expect(await failed(await ask('HEAD', 'x'.repeat(400)))).toMatch(/^Its arguments are too long/)
    expect(await failed(await ask(' '))).toBe('It names no commit.')
    expect(await failed(await ask('nowhere'))).toMatch(/has no commit called "nowhere/)
    expect(await failed(await ask('HEAD..HEAD'))).toMatch(/^Nothing changes in HEAD\.\.HEAD of /)
    const isForeign = (title: string) => title === 'acme/else: HEAD'
    expect(
      await until(
        'review',
        ({ title, state, job }) => isForeign(title) && state === 'Rejected' && job !== undefined,
      ),
    ).toMatchObject({
      hasFailed: true,
      job: { jobId: foreign, creator: 'Hangfire' },
    })
    expect(all('call.asked')).toEqual([])

    await world.act('reviewer', { mode: 'failing' })
    const jobId = await ask('HEAD')
    const reason = await failed(jobId)
    const rejected = await until('review', ({ state, job }) => state === 'Rejected' && job?.jobId === jobId)
    expect(rejected.reason).toBe(reason)
    const begins = () => all('attempt.started').length
    expect(begins()).toBe(1)

    // The dashboard's button.
    await hangfire.jobs.requeue(jobId, { queue: 'ai-review' })
    await expect
      .poll(async () => (await statesOf(jobId)).slice(3))
      .toEqual(['Enqueued', 'Processing', 'Failed'])
    expect(begins()).toBe(2)
    await until(
      'review',
      ({ id, job, version }) => id === rejected.id && version > rejected.version && job?.state === 'Failed',
    )
    // And the page's: the same job again.
    await world.act('reviewer', { mode: 'normal' })
    expect(await world.act('retry', { review: rejected.id })).toMatchObject({
      ok: true,
      message: expect.stringContaining(`Job ${jobId} of Hangfire is in its queue again`),
    })
    expect(await world.act('retry', { review: rejected.id })).toMatchObject({ ok: false })
    await expect
      .poll(async () => (await statesOf(jobId)).slice(6))
      .toEqual(['Enqueued', 'Processing', 'Succeeded'])
    expect(begins()).toBe(3)
  })
})

describe('npm run demo -- --hangfire', () => {
  it('says which Redis does not answer, without its password', async ({ expect, onTestFinished }) => {
    const demo = startDemo(['--no-open', '--hangfire', 'redis://:hush@127.0.0.1:1/3'], onTestFinished)
    expect(await demo.exited).toBe(1)
    expect(demo.words()).toMatch(
      /The Redis of the Hangfire, redis:\/\/…@127\.0\.0\.1:1\/3, cannot be used: .*ECONNREFUSED.* Start it, or leave --hangfire/,
    )
    expect(demo.output()).not.toMatch(/hush| {4}at /)
  })
})
