import { expect, it } from 'vitest'
import { Pauses } from '../src/invalidations/pauses.ts'

const longest = (attempt: number): number => Math.min(30_000, 25 * 2 ** attempt)

it('are twice as long each time, half a minute at most, and of no length that another process has as well', () => {
  const pauses = new Pauses()
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const pause = pauses.next()
    expect(pause).toBeLessThanOrEqual(longest(attempt))
    expect(pause).toBeGreaterThanOrEqual(longest(attempt) / 2)
  }
  const drawn = new Set(Array.from({ length: 20 }, () => new Pauses().next()))
  expect(drawn.size).toBeGreaterThan(1)
})

it('begin anew', () => {
  const pauses = new Pauses()
  for (let attempt = 0; attempt < 5; attempt += 1) pauses.next()
  pauses.reset()
  expect(pauses.next()).toBeLessThanOrEqual(longest(0))
})
