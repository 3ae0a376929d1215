import type { CacheCounts, CacheState } from '../model/model.ts'
import { BIN_MS } from '../model/fold-cache.ts'

/** Where an answer came from, in the order in which a column is stacked, from the bottom. */
export const LAYERS = ['memory', 'redis', 'shared', 'loaded'] as const

export type Layer = (typeof LAYERS)[number]

export interface Column {
  /** Start of its 2 seconds. */
  readonly at: number
  readonly counts: Readonly<Record<Layer, number>>
  readonly total: number
  readonly refusedFills: number
}

/** The columns of a stretch of time; one that the cache was not asked in is not there. */
export function columnsOf({ bins }: CacheState, from: number, to: number): readonly Column[] {
  return [...bins]
    .filter(([at]) => at + BIN_MS > from && at < to)
    .map(([at, counts]) => ({
      at,
      counts: byLayer(counts),
      total: readsOf(counts),
      refusedFills: counts.refusedFills,
    }))
}

/** `bypassed` are loads too: the ones that ran because Redis was not asked. */
function byLayer({ fromMemory, fromRedis, shared, loaded, bypassed }: CacheCounts): Column['counts'] {
  return { memory: fromMemory, redis: fromRedis, shared, loaded: loaded + bypassed }
}

function readsOf({ fromMemory, fromRedis, shared, loaded, bypassed }: CacheCounts): number {
  return fromMemory + fromRedis + shared + loaded + bypassed
}

export interface NamespaceRow {
  readonly namespace: string
  readonly reads: number
  /** Answers that were not loaded for this caller. */
  readonly found: number
  readonly loads: number
  readonly refusedFills: number
}

/** The busiest first. */
export function namespaceRows({ namespaces }: CacheState): readonly NamespaceRow[] {
  return [...namespaces]
    .map(([namespace, counts]) => ({
      namespace,
      reads: readsOf(counts),
      found: counts.fromMemory + counts.fromRedis + counts.shared,
      loads: counts.loaded + counts.bypassed,
      refusedFills: counts.refusedFills,
    }))
    .toSorted((a, b) => b.reads - a.reads || a.namespace.localeCompare(b.namespace))
}

/** A round number that is not below the largest column: the top of the axis. */
export function topOf(columns: readonly Column[]): number {
  const most = Math.max(4, ...columns.map(({ total }) => total))
  const step = 10 ** Math.floor(Math.log10(most))
  const top = [1, 2, 4, 6, 8, 10].map((factor) => factor * step).find((value) => value >= most)
  return top ?? most
}

/** What the cache did in the 2 seconds of a moment, for the tooltip and for those who listen. */
export function columnWords(column: Column | undefined): string {
  if (column === undefined) return 'no caller asked the cache'
  const { counts, refusedFills } = column
  const words: Readonly<Record<Layer, string>> = {
    memory: 'from memory',
    redis: 'from Redis',
    shared: 'shared with another caller',
    loaded: 'loaded',
  }
  const parts = LAYERS.filter((layer) => counts[layer] > 0).map((layer) => `${counts[layer]} ${words[layer]}`)
  return [...parts, ...(refusedFills > 0 ? [`${refusedFills} old values refused`] : [])].join(' · ')
}
