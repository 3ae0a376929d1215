import { type SimulationOptions, type Violation, simulate } from './simulation.ts'
import { type Feature, Totals } from './workload.ts'

/** What the simulations of many seeds found. */
export interface SearchResult {
  readonly seeds: number
  readonly totals: Totals
  /** In the order of the seeds. */
  readonly failures: readonly { readonly seed: number; readonly violation: Violation }[]
  readonly tookMs: number
}

/** Which seeds are simulated, and when to stop. */
export interface SearchOptions extends Omit<SimulationOptions, 'seed' | 'record' | 'reduction'> {
  /** Default 1. */
  readonly firstSeed?: number
  readonly seeds: number
  /** Ends the search after so many failures. Default 10. */
  readonly mostFailures?: number
}

/** Simulates one seed after the other, and adds up what was seen. */
export async function search(feature: Feature, options: SearchOptions): Promise<SearchResult> {
  const { firstSeed = 1, seeds, mostFailures = 10, ...simulation } = options
  const startedAt = performance.now()
  const totals = new Totals()
  const failures: { seed: number; violation: Violation }[] = []
  let done = 0
  while (done < seeds && failures.length < mostFailures) {
    const seed = firstSeed + done
    const result = await simulate(feature, { ...simulation, seed })
    done += 1
    for (const [what, count] of result.totals.counts) totals.count(what, count)
    if (result.violation !== null) failures.push({ seed, violation: result.violation })
  }
  return { seeds: done, totals, failures, tookMs: performance.now() - startedAt }
}
