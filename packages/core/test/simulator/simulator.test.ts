import { describe, expect, it } from 'vitest'
import {
  type Feature,
  cacheFeature,
  drawTimeLine,
  idempotencyFeature,
  locksFeature,
  search,
  shrink,
  simulate,
} from '../../src/testing/simulator/index.ts'
import { mutations, withMutation } from './mutations/index.ts'

const features: readonly Feature[] = [idempotencyFeature, locksFeature, cacheFeature]
const TIMEOUT = { timeout: 600_000 }

describe('the simulator', () => {
  it.each(features)('repeats a history of $name from its seed', TIMEOUT, async (feature) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const once = await simulate(feature, { seed, record: true })
      const again = await simulate(feature, { seed, record: true })
      const unrecorded = await simulate(feature, { seed })
      expect(drawTimeLine(again)).toBe(drawTimeLine(once))
      expect([...unrecorded.totals.counts]).toEqual([...once.totals.counts])
    }
  })

  it('shrinks a failing history to what it needs, and draws it', TIMEOUT, async () => {
    const mutation = mutations['idempotency']?.find(({ name }) => name === 'no owner guard')
    if (mutation === undefined) throw new Error('there is no such mutation')
    const [whole, smallest] = await withMutation(mutation, async (options) => {
      const { failures } = await search(idempotencyFeature, { ...options, seeds: 500, mostFailures: 1 })
      const seed = failures[0]?.seed ?? 0
      return [
        await simulate(idempotencyFeature, { ...options, seed, record: true }),
        await shrink(idempotencyFeature, { ...options, seed }),
      ] as const
    })
    expect(smallest.violation?.guarantee).toBe(whole.violation?.guarantee)
    expect(smallest.removable.operations.length).toBeLessThan(whole.removable.operations.length)
    expect(smallest.history.entries.length).toBeLessThan(whole.history.entries.length)
    const lines = drawTimeLine(smallest).split('\n')
    expect(lines[0]).toContain(`seed ${whole.seed}: ${whole.violation?.guarantee} violated`)
    expect(lines[2]).toMatch(/ms  p\d.*storage$/)
    expect(lines.some((line) => line.includes('! ✗'))).toBe(true)
  })
})

describe('the clock model', () => {
  it(
    'is no wider than needed: a storage that sets its clock on by a lease breaks exclusion',
    TIMEOUT,
    async () => {
      const clocks = { rateSpread: 0, setOnMs: (leaseMs: number) => 2 * leaseMs }
      const rates = { stepStorageClock: 2 }
      const { failures } = await search(idempotencyFeature, { clocks, rates, seeds: 500, mostFailures: 1 })
      expect(failures[0]?.violation.guarantee).toBe('I1')
    },
  )

  it('is no wider than needed: rates that differ by 20 % break exclusion', TIMEOUT, async () => {
    const clocks = { rateSpread: 0.2, setOnMs: () => 0 }
    const { failures } = await search(locksFeature, { clocks, seeds: 500, mostFailures: 1 })
    expect(failures[0]?.violation.guarantee).toBe('Mutual exclusion')
  })
})
