import { describe, expect, it } from 'vitest'
import {
  cacheFeature,
  idempotencyFeature,
  locksFeature,
  nearFeature,
} from '../../src/testing/simulator/index.ts'
import { mutations, searchMutated } from './mutations/index.ts'

/** A wrong protocol must show itself within so many histories. The rarest, 'hint by the writer', does so in one of 400. */
const SEEDS = 2_000

describe.each([idempotencyFeature, locksFeature, cacheFeature, nearFeature])(
  '$name, broken on purpose',
  (feature) => {
    it.each(mutations[feature.name] ?? [])('$name is caught', async (mutation) => {
      const { failures } = await searchMutated(feature, mutation, SEEDS)
      expect(failures).toHaveLength(1)
    })
  },
)
