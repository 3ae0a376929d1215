import { expect, it } from 'vitest'
import { attemptWords, progressOf, rangeOf, riskOf, severitiesOf } from '../../src/reviews/words.ts'

const review = {
  id: 'r',
  number: 142,
  title: 'Discount codes',
  status: 'reviewing',
  percent: 40,
  stage: 'Analyse',
  errors: 1,
  warnings: 2,
  infos: 0,
  risk: null,
  instance: null,
  attempt: 1,
  tookMs: null,
} as const

it('says how far a review is', () => {
  expect(progressOf(review)).toBe('Analyse, 40 %')
  expect(progressOf({ ...review, stage: null })).toBe('40 %')
  expect(progressOf({ ...review, status: 'reviewed' })).toBe('Reviewed')
  expect(progressOf({ ...review, status: 'failed' })).toBe('Failed: Analyse')
})

it('counts findings in words, the worst first', () => {
  expect(severitiesOf(review).map(({ words }) => words)).toEqual(['1 error', '2 warnings'])
})

it('says which attempt it was, from the second on', () => {
  expect([1, 2, 3, 11, 22].map(attemptWords)).toEqual([
    undefined,
    '2nd attempt',
    '3rd attempt',
    '11th attempt',
    '22nd attempt',
  ])
})

it('has a word for the risk', () => {
  expect([0, 29, 30, 60].map((score) => riskOf(score).words)).toEqual([
    'low risk',
    'low risk',
    'medium risk',
    'high risk',
  ])
})

it('shortens commits, and leaves names as they are', () => {
  expect(rangeOf('a1f09c2'.padEnd(40, '0'), 'main')).toBe('a1f09c2…main')
})
