import { describe, expect, it } from 'vitest'
import { cacheFeature } from '../../src/testing/simulator/index.ts'
import { counted, incidents, mustHold } from './histories.ts'

const SEEDS = 1_000

/** What a history must contain often, in histories of which one in so many has it. */
const happens: readonly (readonly [what: string, perSeed: number])[] = [
  ['getOrCreate', 8],
  ['getOrCreateMany', 0.2],
  ['get', 2],
  ['set', 1],
  ['remove', 1],
  ['expire', 0.2],
  ['clear', 0.3],
  ['invalidateTags', 0.2],
  ['removeByPattern', 0.3],
  ['foreignFlush', 0.1],
  ['foreignGarbage', 0.1],
  ['loads', 5],
  ['loads that got the old value', 0.3],
  ['loads beside another', 0.5],
  ['queued removals', 0.3],
  ['told STORAGE_UNAVAILABLE', 1],
  ['told LOAD_TIMEOUT', 0.2],
  ['told WAIT_ABORTED', 0.2],
  ['told SELF_DEADLOCK', 0.05],
  ['told the source failed', 0.2],
  ['additions', 0.2],
  ['cold reads', 2],
]

describe('the cache, simulated', () => {
  it('keeps all that it promises, whatever goes wrong', { timeout: 600_000 }, async () => {
    const result = await mustHold(cacheFeature, 1, SEEDS)
    expect(result.seeds).toBe(SEEDS)
    for (const [what, perSeed] of happens) {
      expect(counted(result, what), what).toBeGreaterThan(perSeed * SEEDS)
    }
    for (const incident of [...incidents, 'incident freeze']) {
      expect(counted(result, incident), incident).toBeGreaterThan(0.02 * SEEDS)
    }
  })
})
