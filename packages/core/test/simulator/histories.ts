import type { TestContext } from 'vitest'
import {
  type Feature,
  type SearchResult,
  drawTimeLine,
  search,
  shrink,
} from '../../src/testing/simulator/index.ts'

/** Searches that many histories; fails with the smallest form of the first one that violates a guarantee. */
export async function mustHold(feature: Feature, firstSeed: number, seeds: number): Promise<SearchResult> {
  const result = await search(feature, { firstSeed, seeds, mostFailures: 1 })
  const [failure] = result.failures
  if (failure === undefined) return result
  const { seed } = failure
  const smallest = drawTimeLine(await shrink(feature, { seed }))
  throw new Error(`Replay it with: npm run sim -- --feature ${feature.name} --seed ${seed}\n\n${smallest}`)
}

/** `npm run histories` walks everything. */
export const isEverythingWanted = process.env['HISTORIES'] === 'all'

/** `npm test` walks the first parts. */
export function onlyIfWanted(isFirst: boolean, skip: TestContext['skip']): void {
  skip(!isFirst && !isEverythingWanted, '`npm run histories` walks all simulated histories: it takes minutes')
}

/** How often something was counted. */
export function counted({ totals }: SearchResult, what: string): number {
  return totals.counts.get(what) ?? 0
}

/** Every kind of incident that a scenario can hold. */
export const incidents: readonly string[] = [
  'crash',
  'shutDown',
  'pause',
  'sleep',
  'stepWall',
  'reset',
  'stepStorageClock',
  'failover',
  'refusePushes',
  'evict',
].map((kind) => `incident ${kind}`)
