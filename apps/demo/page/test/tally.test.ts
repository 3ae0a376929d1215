import { describe, expect, it } from 'vitest'
import { EMPTY } from '../src/model/model.ts'
import { tallyOf } from '../src/verdict/tally.ts'
import { storyModel } from './story-model.ts'

describe('the tally', () => {
  const model = storyModel()
  const tally = tallyOf(model)

  it('has a square for every start that somebody asked for, and none for those that jobs made', () => {
    const nested = [...model.calls.values()].filter(({ parentExecutionId }) => parentExecutionId !== null)
    expect(nested).toHaveLength(3)
    expect(tally.starts).toHaveLength(model.calls.size - nested.length)
    expect(Object.values(tally.counts).reduce((sum, count) => sum + count, 0)).toBe(tally.startCount)
  })

  it('counts results by rows of the database, and the rest by what callers were told', () => {
    expect(tally).toMatchObject({ works: 7, results: 6 })
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

  it('takes a start for a running one only while its attempt runs', () => {
    const { counts } = tallyOf({ ...model, attempts: new Map() })
    expect(counts).toMatchObject({ waiting: 2 })
    expect(counts.running).toBeUndefined()
  })

  it('says of each start what it came to without Holdfast', () => {
    expect(tally.controlRan).toBe(true)
    expect(tally.starts.map(({ control }) => control).slice(-2)).toEqual([null, null])
    expect(tally.controlTooMany).toBe(tally.starts.filter(({ control }) => control === 'tooMany').length)
    expect(tally.controlTooMany).toBeGreaterThan(20)
  })

  it('does not claim a control run that nobody has made', () => {
    expect(tallyOf({ ...model, control: new Map() })).toMatchObject({ controlRan: false, controlTooMany: 0 })
  })

  it('counts what the page has forgotten', () => {
    const forgotten = {
      starts: 3,
      byOutcome: { turnedAway: 2, ran: 1 },
      controlTooMany: 1,
      controlSaved: 1,
      ended: 1,
    }
    expect(tallyOf({ ...EMPTY, forgotten })).toMatchObject({
      starts: [],
      startCount: 3,
      results: 1,
      counts: { away: 2, ran: 1 },
      controlTooMany: 1,
    })
  })
})
