import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FOLD_PX, timeScale, xOfNow } from '../../src/picture/time-scale.ts'

const busy = [
  { from: 0, to: 10_000 },
  { from: 60_000, to: 70_000 },
]

describe('the scale of time', () => {
  it('folds a quiet time that is longer than a quarter of the view to 40 px', () => {
    const scale = timeScale(0, 40_000, 400, busy, 70_000)
    expect(scale.folds).toMatchObject([{ from: 12_000, to: 58_000, width: FOLD_PX }])
    expect(scale.xOf(58_000) - scale.xOf(12_000)).toBeCloseTo(FOLD_PX)
    expect(scale.xOf(70_000) - scale.xOf(60_000)).toBeCloseTo(100)
    expect(timeScale(0, 400_000, 400, busy, 70_000).folds).toEqual([])
  })

  it('lets now stand still when nothing happens, and go on with the next event', () => {
    const resting = timeScale(0, 40_000, 400, busy, 200_000)
    expect(resting.isResting).toBe(true)
    expect(xOfNow(resting, 200_100)).toBeCloseTo(resting.xOf(70_000) + 100)
    expect(timeScale(0, 40_000, 400, busy, 75_000).isResting).toBe(false)
  })

  it('never runs backwards, and knows the moment of every place', () => {
    const intervals = fc
      .array(fc.tuple(fc.integer({ min: 1, max: 90_000 }), fc.integer({ min: 0, max: 9_000 })), {
        maxLength: 12,
      })
      .map((pairs) => {
        let at = 0
        return pairs.map(([quiet, length]) => {
          const from = at + quiet
          at = from + length
          return { from, to: at }
        })
      })
    fc.assert(
      fc.property(
        intervals,
        fc.integer({ min: 5_000, max: 300_000 }),
        fc.array(fc.nat(900_000)),
        (times, span, moments) => {
          const now = (times.at(-1)?.to ?? 0) + 5_000
          const { xOf, timeOf } = timeScale(0, span, 700, times, now)
          const sorted = moments.filter((at) => at <= now).toSorted((a, b) => a - b)
          for (const [index, at] of sorted.entries()) {
            expect(xOf(at)).toBeGreaterThanOrEqual(xOf(sorted[index - 1] ?? 0) - 1e-6)
            expect(Math.abs(timeOf(xOf(at)) - at)).toBeLessThan(1)
          }
        },
      ),
    )
  })
})
