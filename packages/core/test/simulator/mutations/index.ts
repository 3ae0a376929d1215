import type { SimulationOptions } from '../../../src/testing/simulator/simulation.ts'
import { type SearchResult, search } from '../../../src/testing/simulator/search.ts'
import type { Feature } from '../../../src/testing/simulator/workload.ts'
import { endMutations } from './core.ts'
import { idempotencyMutations } from './records.ts'
import { locksMutations } from './leases.ts'
import type { Mutation } from './mutation.ts'
import { nearMutations } from './near.ts'
import { cacheMutations } from './values.ts'

export type { Mutation } from './mutation.ts'

/** By the name of the feature. */
export const mutations: Readonly<Record<string, readonly Mutation[]>> = {
  idempotency: [...idempotencyMutations, ...endMutations],
  locks: locksMutations,
  cache: cacheMutations,
  near: nearMutations,
}

/** Runs with the mutation in place, and undoes it after any outcome. */
export async function withMutation<T>(
  { breakStorage, breakConnection, breakCore, rates }: Mutation,
  run: (options: Pick<SimulationOptions, 'breakStorage' | 'breakConnection' | 'rates'>) => Promise<T>,
): Promise<T> {
  const mend = breakCore?.()
  try {
    return await run({
      ...(breakStorage === undefined ? {} : { breakStorage }),
      ...(breakConnection === undefined ? {} : { breakConnection }),
      ...(rates === undefined ? {} : { rates }),
    })
  } finally {
    mend?.()
  }
}

/** A wrong protocol must show itself within so many histories. The rarest, 'hint by the writer', does so in one of 400. */
const SEEDS = 2_000

/** Seeds from `firstSeed` on, until one history shows that the mutation is wrong. */
export function searchMutated(
  feature: Feature,
  mutation: Mutation,
  firstSeed: number,
): Promise<SearchResult> {
  return withMutation(mutation, (options) =>
    search(feature, { ...options, firstSeed, seeds: SEEDS, mostFailures: 1 }),
  )
}
