/** Many reviews at once: one job each, nothing lost, and nothing twice. */
import { describe, it } from 'vitest'
import type { ActionAnswer, ManyOutcome } from '../../src/events/snapshot.ts'
import { type Finish, createRepository } from '../repository.ts'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

/** A first commit, and three after it. */
function fourCommits(finish: Finish): string {
  const repository = createRepository(finish)
  for (const name of ['a', 'b', 'c', 'd']) repository.commit({ [`${name}.js`]: 'debugger\n' }, `Add ${name}`)
  return repository.path
}

function became({ reviews = [] }: ActionAnswer): readonly ManyOutcome['what'][] {
  return reviews.map(({ what }) => what)
}

describe('many reviews', () => {
  it('are started once each, also when a visitor asks twice, and what cannot be is rejected with the reason', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld(
      { onTestFinished },
      { storage: 'memory', paceMs: 0, repo: fourCommits(onTestFinished) },
    )
    const input = { ranges: ['HEAD~2..HEAD', 'nowhere', 'HEAD~9..HEAD'], each: true }
    const [one, other] = await Promise.all([world.act('review-many', input), world.act('review-many', input)])
    // Whose turn it is for each, chance decides.
    for (const range of [0, 1])
      expect(new Set([became(one)[range], became(other)[range]])).toEqual(new Set(['running', 'started']))
    for (const answer of [one, other]) {
      expect(answer).toMatchObject({
        ok: true,
        message: expect.stringMatching(/^4 reviews: .*, 2 cannot be reviewed\.$/),
      })
      expect(became(answer).slice(2)).toEqual(['refused', 'refused'])
    }
    expect(one.reviews?.[3]).toMatchObject({
      range: 'HEAD~9..HEAD',
      reason: expect.stringContaining('has no commit called "HEAD~9"'),
    })
    await until('verdict', ({ ended }) => ended === 2)
    const ids = [...new Set(all('review').map(({ id }) => id))]
    expect(ids.map((id) => all('review').findLast((review) => review.id === id))).toMatchObject([
      { title: 'Add c', state: 'HumanReview' },
      { title: 'Add d', state: 'HumanReview' },
      {
        title: 'nowhere',
        state: 'Rejected',
        hasFailed: true,
        reason: expect.stringContaining('no commit called "nowhere"'),
      },
      { title: 'HEAD~9..HEAD', state: 'Rejected', hasFailed: true },
    ])
    expect((await world.review(ids[2] ?? ''))?.problem).toMatch(/./)

    const more = await world.act('review-many', { ranges: ['HEAD~3..HEAD', 'HEAD', 'HEAD~1', 'HEAD~2'] })
    expect(became(more)).toEqual(['started', 'done', 'done', 'started'])
    await until('verdict', ({ ended }) => ended === 4)
    expect(all('verdict').at(-1)).toMatchObject({ ended: 4, twice: 0 })
    expect(all('row').filter(({ event }) => event === 'begin')).toHaveLength(4)
    const many = { ranges: Array.from({ length: 31 }, (_, index) => `HEAD~${index}`) }
    expect(await world.act('review-many', many)).toMatchObject({ ok: false })
  })

  it('come to their end although an instance dies in the middle', async ({
    expect,
    skip,
    onTestFinished,
  }) => {
    onlyInWholeDemo({ skip })
    const { world, all, until } = await aWorld(
      { onTestFinished },
      { instances: 2, repo: fourCommits(onTestFinished) },
    )
    const input = { ranges: ['HEAD~3..HEAD'], each: true }
    expect(became(await world.act('review-many', input))).toEqual(['started', 'started', 'started'])
    await until('attempt.seen', ({ percent }) => percent >= 40)
    expect(await world.act('kill', { instance: 'instance-1' })).toMatchObject({ ok: true })
    await until('verdict', ({ ended }) => ended === 3)
    expect(all('verdict').at(-1)).toMatchObject({ ended: 3, twice: 0 })
    expect(became(await world.act('review-many', input))).toEqual(['done', 'done', 'done'])
  })
})
