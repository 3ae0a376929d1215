/** What the coordinator remembers of reviews, and for how long. */
import { expect, it, onTestFinished } from 'vitest'
import { createNews } from '../../src/live/news.ts'
import { createReviewDesk } from '../../src/live/review-desk.ts'
import type { WorldEvent } from '../../src/live/world.ts'
import { openStore } from '../../src/store/store.ts'

const change = (title: string) => ({
  repository: '/shop',
  baseCommit: 'b',
  headCommit: title,
  title,
  author: 'Ada',
})

it('forgets what clean-up has removed, and nothing else', () => {
  const store = openStore(':memory:')
  onTestFinished(() => store.close())
  const news = createNews()
  const desk = createReviewDesk(store, news)
  const told: WorldEvent[] = []
  news.subscribe((event) => void told.push(event))
  const [swept, kept] = ['swept', 'kept'].map((title) => desk.open(change(title)))
  const progress = { percent: 40, stage: 'Analyse' }
  const owner = { jobType: 'ai-review', kind: 'ai-review', instance: 'i', fencingToken: 1 } as const
  for (const { id = '' } of [swept ?? {}, kept ?? {}]) {
    store.life.take({ ...owner, reviewId: id })
    desk.progressed(id, progress)
  }
  expect(told.filter(({ type }) => type === 'review')).toHaveLength(4)

  const { id = '' } = swept ?? {}
  news.say('database', { type: 'clean-up', slot: 1, instance: 'i', fencingToken: 1, reviews: [id], lines: 0 })
  expect(desk.nameOf(id)).toBe('#0')
  expect(desk.nameOf(kept?.id ?? '')).toBe('#2')
  told.length = 0
  // A job that ends late tells of both, and its review may not be removed yet where this is read.
  for (const review of [swept, kept]) desk.progressed(review?.id ?? '', { percent: 50, stage: 'Analyse' })
  expect(told).toMatchObject([{ type: 'review', id: kept?.id, percent: 50 }])
  // What is said anew has neither its number nor its progress of before.
  desk.changed(id)
  expect(told.at(-1)).toMatchObject({ id, number: 0, percent: 0, stage: null })
})
