import { describe, expect, it } from 'vitest'
import {
  cacheFeature,
  idempotencyFeature,
  locksFeature,
  nearFeature,
} from '../../src/testing/simulator/index.ts'
import { isEverythingWanted } from './histories.ts'
import { mutations, searchMutated } from './mutations/index.ts'

/** A wrong protocol must show itself within so many histories. The rarest, 'hint by the writer', does so in one of 400. */
const SEEDS = 2_000

describe.each([idempotencyFeature, locksFeature, cacheFeature, nearFeature])(
  '$name, broken on purpose',
  (feature) => {
    it.each(mutations[feature.name] ?? [])('$name is caught', async (mutation) => {
      // When histories are drawn in another way, another one shows it: that takes longer, and is no failure.
      const firstSeed = isEverythingWanted ? 1 : (mutation.shownBy ?? 1)
      const { failures } = await searchMutated(feature, mutation, firstSeed, SEEDS)
      expect(failures).toHaveLength(1)
    })
  },
)
