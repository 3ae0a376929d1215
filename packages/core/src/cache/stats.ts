import { type NearStats, nearSince } from './near/stats.ts'

/** What a cache, or a namespace, has done in this process since it was made. It does not change afterwards. */
export interface CacheStats {
  /** Reads that found a value, stale ones included. */
  readonly hits: number
  /** Those of `hits` that got a stale value. */
  readonly staleHits: number
  /** Those of `hits` that got a value which this process kept while the storage could not be reached. */
  readonly memoryHits: number
  /** Reads that found none. */
  readonly misses: number
  /** Hits of all reads; undefined before the first. */
  readonly hitRate: number | undefined
  readonly loads: number
  readonly loadFailures: number
  /** How long loads took altogether, in milliseconds. */
  readonly loadMs: number
  /** Calls that shared a load of this process. */
  readonly joined: number
  /** Calls that waited for the load of another process. */
  readonly waits: number
  /** Loads that began because the process that had begun one before died, failed or took too long. */
  readonly takeOvers: number
  /** Loads that replaced a stale value, or one that was about to end, in the background. */
  readonly refreshes: number
  /** Those of `refreshes` that began before the value's end. */
  readonly earlyRefreshes: number
  /** Loaded values that were not stored, because the key was removed or set meanwhile. */
  readonly fillsRefused: number
  /** Stored values that could not be read: foreign, damaged, of another codec or version, or refused by the schema. */
  readonly unreadable: number
  /** Values that were not stored because they exceed `maxValueBytes`. */
  readonly oversize: number
  /** `open`: the storage did not answer and is not asked for the moment. */
  readonly breaker: 'closed' | 'open'
  /** Removals of this process that wait for the storage to answer again. */
  readonly queuedRemovals: number
  /** What this process has kept; undefined without `near`. */
  readonly near: NearStats | undefined
  /** What has been counted since `previous`, another snapshot of the same cache. */
  delta(previous: CacheStats): CacheStats
}

export type Counted = Exclude<keyof CacheStats, 'hitRate' | 'breaker' | 'queuedRemovals' | 'near' | 'delta'>

/** The counters of a namespace. */
export type Counts = { [Name in Counted]: number }

export function noCounts(): Counts {
  return {
    hits: 0,
    staleHits: 0,
    memoryHits: 0,
    misses: 0,
    loads: 0,
    loadFailures: 0,
    loadMs: 0,
    joined: 0,
    waits: 0,
    takeOvers: 0,
    refreshes: 0,
    earlyRefreshes: 0,
    fillsRefused: 0,
    unreadable: 0,
    oversize: 0,
  }
}

export function statsOf(
  counts: Counts,
  now: Pick<CacheStats, 'breaker' | 'queuedRemovals' | 'near'>,
): CacheStats {
  const reads = counts.hits + counts.misses
  return Object.freeze({
    ...counts,
    ...now,
    hitRate: reads === 0 ? undefined : counts.hits / reads,
    delta(previous: CacheStats) {
      const since = { ...counts }
      for (const name of Object.keys(since) as Counted[]) since[name] -= previous[name]
      return statsOf(since, { ...now, near: now.near && nearSince(now.near, previous.near) })
    },
  })
}
