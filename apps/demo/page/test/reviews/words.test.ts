import { expect, it } from 'vitest'
import { attemptWords, rangeOf, riskOf, severitiesOf } from '../../src/reviews/words.ts'

it('counts findings in words, the worst first', () => {
  expect(severitiesOf({ errors: 1, warnings: 2, infos: 0 }).map(({ words }) => words)).toEqual([
    '1 error',
    '2 warnings',
  ])
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
