import { describe, expect, it } from 'vitest'
import { idempotencyFeature } from '../../src/testing/simulator/index.ts'
import { counted, incidents, mustHold, onlyIfWanted } from './histories.ts'

/** 20,000 histories, in parts that show where a failure is; `npm test` walks 2,000 of them. */
const PARTS = 10
const SEEDS = 2_000

describe('idempotency, simulated', () => {
  it.for(Array.from({ length: PARTS }, (_, part) => part * SEEDS + 1))(
    'keeps its promises in the histories of the seeds from %i on',
    { timeout: 600_000 },
    async (firstSeed, { skip }) => {
      onlyIfWanted(firstSeed <= SEEDS, skip)
      const result = await mustHold(idempotencyFeature, firstSeed, SEEDS)
      expect(result.seeds).toBe(SEEDS)
      // A history in which nothing happens proves nothing.
      for (const incident of incidents)
        expect([incident, counted(result, incident)]).not.toEqual([incident, 0])
      expect(counted(result, 'starts')).toBeGreaterThan(4 * SEEDS)
      expect(counted(result, 'takeovers')).toBeGreaterThan(0.4 * SEEDS)
      expect(counted(result, 'replayed')).toBeGreaterThan(2 * SEEDS)
      expect(counted(result, 'lost leases told')).toBeGreaterThan(0.3 * SEEDS)
      expect(counted(result, 'traces found')).toBeGreaterThan(0.3 * SEEDS)
      expect(counted(result, 'calls at the end of a window')).toBeGreaterThan(0.3 * SEEDS)
      expect(counted(result, 're-sent commands')).toBeGreaterThan(0.1 * SEEDS)
    },
  )
})
