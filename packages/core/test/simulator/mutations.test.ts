import { describe, expect, it } from 'vitest'
import {
  cacheFeature,
  idempotencyFeature,
  locksFeature,
  nearFeature,
} from '../../src/testing/simulator/index.ts'
import { isEverythingWanted } from './histories.ts'
import { mutations, searchMutated } from './mutations/index.ts'
import { shownBy } from './mutations/shown-by.ts'

describe.each([idempotencyFeature, locksFeature, cacheFeature, nearFeature])(
  '$name, broken on purpose',
  (feature) => {
    it.each(mutations[feature.name] ?? [])('$name is caught', async (mutation) => {
      // When histories are drawn in another way, another one shows it: that takes longer, and is no failure.
      const firstSeed = isEverythingWanted ? 1 : shownBy(feature, mutation)
      const { failures } = await searchMutated(feature, mutation, firstSeed)
      expect(failures).toHaveLength(1)
    })
  },
)
