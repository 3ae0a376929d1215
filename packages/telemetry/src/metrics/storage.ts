import type { Metric } from './metric.ts'

export type StorageMetric = 'breakerOpen' | 'breakerOpened' | 'storageConnected' | 'storageFailures'

/** Connections and calls to storages, and the breakers of caches. */
export const STORAGE_METRICS: Readonly<Record<StorageMetric, Metric>> = {
  breakerOpen: {
    kind: 'gauge',
    name: 'holdfast.cache.breaker.open',
    unit: '{breaker}',
    labels: ['prefix'],
    help: 'Breakers that are open now: their caches do not ask the storage, and every load runs.',
    from: 'holdfast:breaker: opened stillOpen closed ended',
  },
  breakerOpened: {
    kind: 'counter',
    name: 'holdfast.cache.breaker.opened',
    unit: '{opening}',
    labels: ['prefix'],
    help: "How often a cache's breaker has opened. 0 from the first event of that cache on.",
    from: 'holdfast:breaker: opened',
  },
  storageConnected: {
    kind: 'gauge',
    name: 'holdfast.storage.connected',
    unit: '{storage}',
    labels: ['prefix', 'storage'],
    help: 'Whether the storage is connected: 1 or 0. Absent until its connection has changed, and after a close() while it was away. storage: main, cache.',
    from: 'holdfast:connection: lost ready ended',
  },
  storageFailures: {
    kind: 'counter',
    name: 'holdfast.storage.failures',
    unit: '{call}',
    labels: ['prefix', 'storage', 'code'],
    help: 'Calls to the storage that failed. code: STORAGE_UNAVAILABLE (no answer within callTimeoutMs), STORAGE_REFUSED. 0 from the first event that names the storage on.',
    from: 'holdfast:storage: failed',
  },
}
