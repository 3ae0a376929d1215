import { describe, expect, it } from 'vitest'
import { cacheFeature } from '../../src/testing/simulator/index.ts'
import { counted, mustHold } from './histories.ts'

const SEEDS = 2_000

describe('the cache, simulated', () => {
  it('loses no removal, and loads a cold key once', { timeout: 600_000 }, async () => {
    const result = await mustHold(cacheFeature, 1, SEEDS)
    expect(result.seeds).toBe(SEEDS)
    expect(counted(result, 'loads')).toBeGreaterThan(4 * SEEDS)
    expect(counted(result, 'removals')).toBeGreaterThan(2 * SEEDS)
    expect(counted(result, 'sets')).toBeGreaterThan(2 * SEEDS)
    expect(counted(result, 'cold reads')).toBeGreaterThan(2 * SEEDS)
  })
})
