import { QUICK, type Metric } from './metric.ts'

const CHANNEL = 'holdfast:cache'

export type CacheMetric =
  | 'cacheReads'
  | 'cacheHitRatio'
  | 'cacheLoadDuration'
  | 'cacheLoading'
  | 'cacheLoadFailures'
  | 'cacheShared'
  | 'cacheProblems'
  | 'cacheWrites'

/** Reads, loads and changes of caches. */
export const CACHE_METRICS: Readonly<Record<CacheMetric, Metric>> = {
  cacheReads: {
    kind: 'counter',
    name: 'holdfast.cache.reads',
    unit: '{read}',
    labels: ['cache', 'outcome'],
    help: 'Reads of the cache. outcome: hit, staleHit, memoryHit, nearHit, miss.',
    from: `${CHANNEL}: hit staleHit memoryHit nearHit miss`,
  },
  cacheHitRatio: {
    kind: 'gauge',
    name: 'holdfast.cache.hit_ratio',
    unit: '1',
    labels: ['cache'],
    help: 'Hits of all reads since the bridge was started, stale ones included. For the last minutes, divide the rates of cache.reads.',
    from: `${CHANNEL}: hit staleHit memoryHit nearHit miss`,
  },
  cacheLoadDuration: {
    kind: 'histogram',
    name: 'holdfast.cache.load.duration',
    unit: 's',
    labels: ['cache', 'outcome'],
    help: 'How long loads took. outcome: loaded, empty (nothing to store), failed.',
    from: `${CHANNEL}: loaded loadFailed`,
    buckets: QUICK,
  },
  cacheLoading: {
    kind: 'gauge',
    name: 'holdfast.cache.loading',
    unit: '{load}',
    labels: ['cache'],
    help: 'Loads that this process runs now.',
    from: `${CHANNEL}: loading loaded loadFailed`,
  },
  cacheLoadFailures: {
    kind: 'counter',
    name: 'holdfast.cache.load.failures',
    unit: '{load}',
    labels: ['cache'],
    help: 'Loads that failed, also those whose failure a stale value hides. 0 from the first load on.',
    from: `${CHANNEL}: loadFailed`,
  },
  cacheShared: {
    kind: 'counter',
    name: 'holdfast.cache.shared',
    unit: '{call}',
    labels: ['cache', 'kind'],
    help: 'Calls that did not load themselves. kind: joined a load of this process, or waited for one of another.',
    from: `${CHANNEL}: joined waits`,
  },
  cacheProblems: {
    kind: 'counter',
    name: 'holdfast.cache.problems',
    unit: '{problem}',
    labels: ['cache', 'kind'],
    help: 'What kept the cache from being used. kind: bypassed (the storage was out), refreshFailed, fillRefused (removed meanwhile), unreadable, oversize, removalQueued.',
    from: `${CHANNEL}: bypassed refreshFailed fillRefused unreadable oversize removalQueued`,
  },
  cacheWrites: {
    kind: 'counter',
    name: 'holdfast.cache.writes',
    unit: '{call}',
    labels: ['cache', 'kind'],
    help: 'Calls that changed the cache. kind: set, expired, removed, cleared, tagsInvalidated, patternRemoved.',
    from: `${CHANNEL}: set expired removed cleared tagsInvalidated patternRemoved`,
  },
}
