import { torture } from '@holdfast/testbed/torture'
import { expect, it } from 'vitest'
import { features, workloadOf } from '../src/features.ts'

// The fixed budget of the test suite; `pnpm torture --minutes N` is the long form.
it.for(features)('%s keep their promises under torture', async (feature) => {
  const seed = Date.now() % 1_000_000
  console.log(`torture seed ${seed}`)
  const { violations, figures } = await torture({
    workload: workloadOf(feature),
    seed,
    durationMs: 5_000,
    workers: 4,
    // How many were killed and replaced in so short a time is the machine's affair, but something has to happen.
    enough: ({ grants }) => grants > 5,
  })
  expect(violations).toEqual([])
  expect(figures.grants).toBeGreaterThan(5)
  expect(figures.processes).toBeGreaterThanOrEqual(4)
})
