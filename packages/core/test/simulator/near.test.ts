import { describe, expect, it } from 'vitest'
import { nearFeature } from '../../src/testing/simulator/index.ts'
import { counted, incidents, mustHold, onlyIfWanted } from './histories.ts'

/** 20,000 histories, in parts that show where a failure is; `npm test` walks 2,000 of them. */
const PARTS = 40
const SEEDS = 500
const PARTS_AT_ONCE = 4

/** What a history must contain often, in histories of which one in so many has it. */
const happens: readonly (readonly [what: string, perSeed: number])[] = [
  ['get', 8],
  ['getFar', 2],
  ['existsFar', 2],
  ['getOrCreate', 8],
  ['near hits', 1],
  ['near invalidated', 0.2],
  ['near refused', 1],
  ['near lapsed', 0.01],
  ['link losses', 1],
  ['set', 1],
  ['remove', 0.8],
  ['clear', 0.2],
  ['invalidateTags', 0.2],
]

describe('the near cache, simulated', () => {
  it.for(Array.from({ length: PARTS }, (_, part) => part * SEEDS + 1))(
    'keeps its promises in the histories of the seeds from %i on',
    { timeout: 600_000 },
    async (firstSeed, { skip }) => {
      onlyIfWanted(firstSeed <= PARTS_AT_ONCE * SEEDS, skip)
      const result = await mustHold(nearFeature, firstSeed, SEEDS)
      expect(result.seeds).toBe(SEEDS)
      // A history in which nothing happens proves nothing.
      for (const [what, perSeed] of happens)
        expect(counted(result, what), what).toBeGreaterThan(perSeed * SEEDS)
      for (const incident of [...incidents, 'incident freeze'])
        expect([incident, counted(result, incident)]).not.toEqual([incident, 0])
    },
  )
})
