// The one table of all metrics: the folds measure by it, both bridges make their instruments of it, and so is the README's table.

import { CACHE_METRICS, type CacheMetric } from './metrics/cache.ts'
import { JOB_METRICS, type JobMetric } from './metrics/jobs.ts'
import { LOCK_METRICS, type LockMetric } from './metrics/locks.ts'
import type { Metric } from './metrics/metric.ts'
import { SERVER_METRICS, type ServerMetric } from './metrics/servers.ts'
import { STORAGE_METRICS, type StorageMetric } from './metrics/storage.ts'

export type MetricId = JobMetric | LockMetric | CacheMetric | StorageMetric | ServerMetric

export const METRICS: Readonly<Record<MetricId, Metric>> = {
  ...JOB_METRICS,
  ...LOCK_METRICS,
  ...CACHE_METRICS,
  ...STORAGE_METRICS,
  ...SERVER_METRICS,
}

export const METRIC_IDS: readonly MetricId[] = Object.keys(METRICS) as MetricId[]
