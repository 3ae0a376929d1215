import { describe, expect, it } from 'vitest'
import { tallyOf } from '../src/verdict/tally.ts'
import { storyModel } from './story-model.ts'

describe('the tally', () => {
  const model = storyModel()
  const tally = tallyOf(model)

  it('has a square for every start that a caller asked for, and none for those that jobs made', () => {
    const nested = [...model.calls.values()].filter(({ parentExecutionId }) => parentExecutionId !== null)
    expect(nested).toHaveLength(3)
    expect(tally.starts).toHaveLength(model.calls.size - nested.length)
    expect(tally).toMatchObject({ startCount: tally.starts.length, earlier: 0 })
  })

  it('counts results by rows of the database, and the rest by what callers were told', () => {
    expect(tally).toMatchObject({ works: 7, results: 6, parts: 1 })
    expect(tally.counts).toEqual({
      ran: 4,
      tookOver: 2,
      got: 6,
      away: 12,
      cutShort: 1,
      noRedis: 2,
      tooLate: 1,
      running: 1,
      waiting: 1,
    })
  })

  it('has squares that say what the counts say', () => {
    const squares = Map.groupBy(tally.starts, ({ kind }) => kind)
    const counts = Object.fromEntries([...squares].map(([kind, { length }]) => [kind, length]))
    expect(counts).toEqual(tally.counts)
  })

  it('takes a start for a running one only while its attempt runs', () => {
    const kinds = tallyOf({ ...model, attempts: new Map() }).starts.map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'waiting')).toHaveLength(2)
    expect(kinds).not.toContain('running')
  })

  it('says of each start what it came to without Holdfast', () => {
    expect(tally.controlRan).toBe(true)
    expect(tally.starts.map(({ control }) => control).slice(-2)).toEqual([null, null])
    expect(tally.control).toEqual({ saved: 5, tooMany: 22, failed: 1, untried: 2 })
  })

  it('counts what the page does not know any more', () => {
    const { sums } = model
    const tallied = tallyOf({ ...model, calls: new Map(), attempts: new Map(), works: new Map() })
    expect(tallied).toMatchObject({
      starts: [],
      earlier: sums.starts,
      startCount: sums.starts,
      counts: tally.counts,
      results: 6,
      control: tally.control,
      controlRan: true,
    })
  })
})
