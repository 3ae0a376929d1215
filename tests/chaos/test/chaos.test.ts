import { chaos } from '@holdfast/test-support/chaos'
import { expect, it } from 'vitest'
import { features, workloadOf } from '../src/features.ts'

// The fixed budget of the test suite; `npm run chaos --minutes N` is the long form.
it.for(features)('%s keep their promises under chaos', async (feature) => {
  const seed = Date.now() % 1_000_000
  console.log(`chaos seed ${seed}`)
  const { violations, figures } = await chaos({
    workload: workloadOf(feature),
    seed,
    durationMs: 5_000,
    workers: 4,
    // How many workers are killed and replaced in so short a time depends on the machine, but something has to happen.
    enough: ({ grants }) => grants > 5,
  })
  expect(violations).toEqual([])
  expect(figures.grants).toBeGreaterThan(5)
  expect(figures.processes).toBeGreaterThanOrEqual(4)
})
