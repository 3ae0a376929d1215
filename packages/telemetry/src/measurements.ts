// Events in, measurements out: what both bridges to metrics share. Nothing here knows where a measurement goes.

import { BoundedLabels } from './bounded-labels.ts'
import { CacheFold } from './folds/cache.ts'
import type { Fold, FoldContext, Measure } from './folds/fold.ts'
import { HangfireFold } from './folds/hangfire.ts'
import { HttpFold } from './folds/http.ts'
import { JobsFold } from './folds/jobs.ts'
import { LocksFold } from './folds/locks.ts'
import { BreakerFold, ConnectionFold, StorageFold } from './folds/storage.ts'
import type { ResolvedMetricsOptions } from './metrics-options.ts'

/** Folds the events of all channels into measurements. */
export interface Measurements {
  readonly folds: readonly Fold[]
  /** Says what each gauge shows now. */
  read(now: number, show: Measure): void
}

/** `now`: when the bridge is started, on the clock whose instants the folds get. */
export function measurementsOf(
  { lockPattern, maxLabelValues }: ResolvedMetricsOptions,
  measure: Measure,
  now: number,
): Measurements {
  const labels = new BoundedLabels(maxLabelValues, (label) => measure('folded', 1, { label }))
  const context: FoldContext = {
    measure,
    bounded: (label, value) => labels.of(label, value),
    startedAt: now,
  }
  const folds: readonly Fold[] = [
    new JobsFold(context),
    new LocksFold(context, lockPattern),
    new CacheFold(context),
    new BreakerFold(context),
    new ConnectionFold(context),
    new StorageFold(context),
    new HttpFold(context),
    new HangfireFold(context),
  ]
  return {
    folds,
    read: (at, show) => {
      for (const fold of folds) fold.read(at, show)
    },
  }
}
