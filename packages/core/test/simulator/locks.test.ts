import { describe, expect, it } from 'vitest'
import { locksFeature } from '../../src/testing/simulator/index.ts'
import { counted, incidents, mustHold, onlyIfWanted } from './histories.ts'

/** 5,000 histories, in parts that show where a failure is; `npm test` walks 1,000 of them. */
const PARTS = 5
const SEEDS = 1_000

describe('locks, simulated', () => {
  it.for(Array.from({ length: PARTS }, (_, part) => part * SEEDS + 1))(
    'keep their promises in the histories of the seeds from %i on',
    { timeout: 600_000 },
    async (firstSeed, { skip }) => {
      onlyIfWanted(firstSeed <= SEEDS, skip)
      const result = await mustHold(locksFeature, firstSeed, SEEDS)
      expect(result.seeds).toBe(SEEDS)
      for (const incident of [...incidents, 'incident loseQueues', 'incident demote', 'incident moveSlot'])
        expect([incident, counted(result, incident)]).not.toEqual([incident, 0])
      expect(counted(result, 'grants told')).toBeGreaterThan(8 * SEEDS)
      expect(counted(result, 'hand-offs')).toBeGreaterThan(2 * SEEDS)
      expect(counted(result, 'lost leases told')).toBeGreaterThan(0.5 * SEEDS)
      expect(counted(result, 'told NOT_REPLICATED')).toBeGreaterThan(0.05 * SEEDS)
      expect(counted(result, 'leases kept over failovers')).toBeGreaterThan(0.01 * SEEDS)
    },
  )
})
