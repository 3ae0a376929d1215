import { expect, it } from 'vitest'
import type { ReviewSummary } from '../../../src/events/review-news.ts'
import { progressOf } from '../../src/reviews/progress.ts'
import { attempt } from './attempts.ts'

const review: ReviewSummary = {
  id: 'r',
  number: 142,
  title: 'Discount codes',
  state: 'AIReviewing',
  version: 2,
  hasFailed: false,
  percent: 40,
  stage: 'Analyse',
  reason: null,
  errors: 1,
  warnings: 2,
  infos: 0,
  risk: null,
  instance: 'instance-1',
  attempt: 1,
  tookMs: null,
}
const waiting: ReviewSummary = { ...review, state: 'Pending', percent: 0, stage: null, instance: null }

it('says how far a review is', () => {
  expect(progressOf(review, [])).toMatchObject({
    words: 'AI reviewing, 40 %',
    part: 0.4,
    tone: 'run',
  })
  expect(progressOf({ ...review, state: 'HumanReview', percent: 100 }, [])).toMatchObject({
    words: 'Human review',
    part: 1,
  })
  expect(progressOf({ ...review, state: 'Rejected', hasFailed: true }, [])).toMatchObject({
    words: 'Rejected: failed',
    tone: 'stop',
  })
  expect(progressOf({ ...review, state: 'Rejected', stage: null }, []).words).toBe('Rejected')
  expect(progressOf({ ...review, state: 'Merged' }, []).words).toBe('Merged')
  expect(progressOf(waiting, []).words).toBe('Pending')
  expect(progressOf({ ...waiting, stage: 'not started: no Redis' }, [])).toMatchObject({
    words: 'Pending, not started: no Redis',
    tone: 'stop',
  })
})

it('says what else ran last for a change that was not reviewed', () => {
  const others = [
    attempt('a', 'risk-assessment', { startedAt: 10, endedAt: 20 }),
    attempt('b', 'pull-request-summary', { startedAt: 30, endedAt: 70, instance: 'instance-3' }),
    attempt('part', 'improvement-suggestions', { startedAt: 40, parentExecutionId: 'b' }),
    attempt('another', 'ai-review', { startedAt: 50, jobKey: 'another' }),
  ]
  expect(progressOf(waiting, others)).toMatchObject({
    words: 'Summary done',
    instance: 'instance-3',
    tookMs: 40,
  })
  const running = attempt('c', 'risk-assessment', {
    startedAt: 60,
    outcome: null,
    endedAt: null,
    percent: 30,
  })
  expect(progressOf(waiting, [...others, running])).toMatchObject({ words: 'Risk, 30 %', tone: 'run' })
  expect(progressOf({ ...waiting, state: 'Approved' }, others).words).toBe('Approved')
})
