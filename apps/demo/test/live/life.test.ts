/** The life of reviews in a world: what persons decide, what fails and is tried again, what is reviewed again. */
import { describe, it } from 'vitest'
import { aWorld } from './a-world.ts'

const IN_ONE_PROCESS = { storage: 'memory', paceMs: 0 } as const

describe('a review', () => {
  it('is decided by one of two persons at once, merged, and done again when its window is over', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { ...IN_ONE_PROCESS, windowMs: 1_500 })
    await world.act('fire', { times: 2, waiting: 0 })
    const { id: review, version: seen } = await until('review', ({ state }) => state === 'HumanReview')
    const decided = await Promise.all(
      (['approve', 'reject'] as const).map(
        async (act) => await world.act('decide', { review, act, seen, reason: 'No.' }),
      ),
    )
    const [won, lost] = decided[0]?.ok === true ? decided : decided.toReversed()
    expect(won).toEqual({ ok: true, message: expect.stringMatching(/^Review #1 is (Approved|Rejected)\.$/) })
    const state = all('review').at(-1)?.state
    expect(lost).toEqual({ ok: false, message: `Another person was faster. Review #1 is ${state} now.` })

    const version = seen + 1
    const again = async () => await world.act('review-again', { review, seen: version })
    const early = await again()
    if (!early.ok) expect(early.message).toMatch(/counts for \d s more\.$|has not ended yet/)
    await expect.poll(async () => early.ok || (await again()).ok).toBe(true)
    await until('review', (told) => told.state === 'HumanReview' && told.version > version)
    const told = await world.review(review)
    expect(told?.moves.map(({ to }) => to)).toEqual([
      'AIReviewing',
      'HumanReview',
      state,
      'Pending',
      'AIReviewing',
      'HumanReview',
    ])
    expect(told?.notices).toHaveLength(8)
    const latest = all('review').at(-1)?.version ?? 0
    expect(await world.act('decide', { review, act: 'merge', seen: latest })).toEqual({
      ok: false,
      message: 'Review #1 is HumanReview now, and that cannot be done to it.',
    })
    expect(await world.act('decide', { review, act: 'approve', seen: latest })).toMatchObject({ ok: true })
    expect(await world.act('decide', { review, act: 'merge', seen: latest + 1 })).toMatchObject({ ok: true })
    // Done again is not done twice, and costs nothing more.
    const ends = () => all('row').filter(({ event }) => event === 'end').length
    await until('row', () => ends() === 2)
    expect(all('effect.saved').filter(({ effect }) => effect === 'charge')).toHaveLength(1)
    expect(all('verdict').at(-1)).toMatchObject({ twice: 0 })
  })

  it('is rejected with the reason when its job fails, and goes on from there when it is tried again', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, IN_ONE_PROCESS)
    await world.act('reviewer', { mode: 'failing' })
    await world.act('fire', { times: 1, waiting: 0 })
    const failed = await until('review', ({ state }) => state === 'Rejected')
    expect(failed).toMatchObject({ hasFailed: true, reason: expect.stringMatching(/./), attempt: 1 })
    const { id: review, version: seen } = failed
    expect(await world.act('decide', { review, act: 'approve', seen })).toMatchObject({ ok: false })
    expect(await world.act('review-again', { review, seen })).toMatchObject({ ok: false })
    await until('attempt.ended')
    // The start that stands by runs nothing again, neither at first nor after a failure.
    expect(await world.act('retry', { review })).toMatchObject({ ok: true })
    await until('call.answered', () => all('call.answered').length === 3)
    expect(all('call.answered').map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed'])
    expect(all('attempt.started').map(({ attempt }) => attempt)).toEqual([1, 2])
    expect((await world.review(review))?.notices).toHaveLength(4)
    await world.act('reviewer', { mode: 'normal' })
    expect(await world.act('retry', { review })).toMatchObject({ ok: true })
    expect(await until('review', ({ state }) => state === 'HumanReview')).toMatchObject({
      attempt: 3,
      reason: null,
    })
    expect(all('attempt.started').at(-1)).toMatchObject({ attempt: 3, fromPercent: 60 })
    expect(await world.act('retry', { review })).toEqual({
      ok: false,
      message: 'Review #1 is HumanReview: there is nothing to try again.',
    })
    expect(await world.act('retry', { review: 'none' })).toMatchObject({ ok: false })
  })
  it('that is asked for by its range fails once, although a start stands by', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, IN_ONE_PROCESS)
    await world.act('reviewer', { mode: 'failing' })
    const answer = await world.act('review-many', { ranges: ['HEAD'] })
    await until('call.answered', () => all('call.answered').length === 2)
    expect(all('attempt.started')).toHaveLength(1)
    expect((await world.review(answer.reviews?.[0]?.review ?? ''))?.notices).toHaveLength(2)
  })
})
