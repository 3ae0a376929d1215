import { expect, it } from 'vitest'
import { costOf, opinionWords, spentWords } from '../../src/reviews/cost.ts'

it('says what was paid, and what of it was lost', () => {
  const spent = { inputTokens: 1_000, outputTokens: 204, cost: 1_200, lostCost: 0 }
  const calls = { begun: 1, answered: 2, refused: 5, lost: 0 }
  expect(spentWords({ ...spent, calls })).toBe('3 calls, 1,204 tokens, $0.0012')
  expect(spentWords({ ...spent, lostCost: 400, calls: { ...calls, begun: 0, answered: 0, lost: 1 } })).toBe(
    '1 call, 1,204 tokens, $0.0012; paid for, answer lost: 1 ($0.0004)',
  )
})

it('has no cost that looks like none', () => {
  expect([0, 1, 100, 999_999, 1_500_000].map(costOf)).toEqual([
    '$0.00',
    'under $0.0001',
    '$0.0001',
    '$1.0000',
    '$1.50',
  ])
})

it('says what counts for nothing', () => {
  const opinion = { model: 'm', problem: null, leftOut: [] }
  expect(opinionWords({ ...opinion, findings: 0, dropped: 0 })).toBe('m has no findings.')
  expect(opinionWords({ ...opinion, findings: 1, dropped: 2 })).toBe(
    'm has 1 finding. 2 more were about lines that the change has not added, and count for nothing.',
  )
})
