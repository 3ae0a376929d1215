import { describe, expect, it } from 'vitest'
import { faultsOf, type Sample } from './judge.ts'

const MINUTES = 30

const samples = (change: (minute: number) => Partial<Sample>): readonly Sample[] =>
  Array.from({ length: MINUTES }, (_, index) => ({
    atMs: (index + 1) * 60_000,
    events: (index + 1) * 3_000,
    delayMs: 400,
    heapBytes: 30e6,
    nodes: 2_000,
    listeners: 90,
    serverBytes: 40e6,
    ...change(index + 1),
  }))

describe('the judgement of a page that follows', () => {
  it('finds nothing where all stays as it is, and where the histories fill', () => {
    expect(faultsOf(samples(() => ({})))).toEqual([])
    expect(faultsOf(samples((minute) => ({ heapBytes: 10e6 + Math.min(10, minute) * 5e6 })))).toEqual([])
  })

  it('finds what grows after they are full, and a page that falls behind', () => {
    expect(faultsOf(samples((minute) => ({ heapBytes: 30e6 + minute * 0.4e6 })))).toEqual([
      'The heap grows: 35.6 MB in the first third, 41.2 MB in the last.',
    ])
    expect(faultsOf(samples((minute) => ({ nodes: 2_000 + minute * 50 })))).toHaveLength(1)
    expect(faultsOf(samples((minute) => ({ delayMs: minute * 100 })))).toHaveLength(1)
  })
})
