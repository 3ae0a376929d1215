import type { CacheNews, Stamp } from '../../../src/events/page-event.ts'
import type { Draft } from './draft.ts'
import type { CacheCounts, CacheState, CacheUse } from './model.ts'

export const BIN_MS = 2_000

/** Ten minutes of them. */
const BINS = 300

export function foldCache(draft: Draft, event: Stamp & CacheNews): void {
  const { fromMemory, fromRedis, shared, loaded, refusedFills, bypassed } = event
  const sample = { fromMemory, fromRedis, shared, loaded, refusedFills, bypassed }
  const start = Math.floor(event.at / BIN_MS) * BIN_MS
  const bins = new Map(draft.cache.bins).set(start, sum(draft.cache.bins.get(start), sample))
  const namespaces = new Map(draft.cache.namespaces).set(
    event.namespace,
    sum(draft.cache.namespaces.get(event.namespace), sample),
  )
  const sorted = [...bins].toSorted(([a], [b]) => a - b).slice(-BINS)
  draft.cache = { bins: new Map(sorted), namespaces, ...sharingAfter(draft.cache, event) }
}

/** One loads and another one gets it within this time: counts come once a second. */
const TOGETHER_MS = 3_000

function sharingAfter(
  { lately, sharing }: CacheState,
  { at, instance, namespace, loaded, shared, fromRedis }: Stamp & CacheNews,
): Pick<CacheState, 'lately' | 'sharing'> {
  const use: CacheUse = { at, instance, namespace, loaded, shared: shared + fromRedis }
  if (use.loaded + use.shared === 0) return { lately, sharing }
  const near = lately.filter((each) => Math.abs(each.at - at) <= TOGETHER_MS)
  const others = near.filter(
    (each) =>
      each.instance !== instance &&
      each.namespace === namespace &&
      ((use.loaded > 0 && each.shared > 0) || (use.shared > 0 && each.loaded > 0)),
  )
  const isKept = (each: CacheUse): boolean => each.at >= at - BINS * BIN_MS
  return {
    lately: [...near, use],
    sharing: others.length === 0 ? sharing : [...new Set([...sharing.filter(isKept), ...others, use])],
  }
}

function sum(before: CacheCounts | undefined, sample: CacheCounts): CacheCounts {
  if (before === undefined) return sample
  return {
    fromMemory: before.fromMemory + sample.fromMemory,
    fromRedis: before.fromRedis + sample.fromRedis,
    shared: before.shared + sample.shared,
    loaded: before.loaded + sample.loaded,
    refusedFills: before.refusedFills + sample.refusedFills,
    bypassed: before.bypassed + sample.bypassed,
  }
}
