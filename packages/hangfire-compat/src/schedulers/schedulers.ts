import type { HangfireContext } from '../storage/context.ts'
import type { BackgroundProcess } from './background-process.ts'
import { startDelayedScheduler } from './delayed-scheduler.ts'
import { type FetchedWatcherOptions, startFetchedWatcher } from './fetched-watcher.ts'
import { startRecurringScheduler } from './recurring-scheduler.ts'
import type { SchedulerOptions } from './scheduler-options.ts'

/** Intervals are those of each scheduler. */
export type SchedulersOptions = Omit<SchedulerOptions, 'intervalMs'> &
  Pick<FetchedWatcherOptions, 'limits' | 'serverTimeoutMs'> & {
    readonly intervalsMs?: {
      readonly delayed?: number | undefined
      readonly fetched?: number | undefined
      readonly recurring?: number | undefined
    }
  }

/**
 * All that a server does beside its jobs: scheduled jobs are enqueued, jobs of dead workers come back, and, in a prefix of
 * Node's own, recurring jobs run.
 */
export function startSchedulers(context: HangfireContext, options: SchedulersOptions): BackgroundProcess {
  const { intervalsMs = {}, ...common } = options
  const { delayed, fetched, recurring } = intervalsMs
  const processes = [
    startDelayedScheduler(context, { ...common, intervalMs: delayed }),
    startFetchedWatcher(context, { ...common, intervalMs: fetched }),
    ...(context.mode === 'own'
      ? [startRecurringScheduler(context, { ...common, intervalMs: recurring })]
      : []),
  ]
  return {
    async stop() {
      await Promise.all(processes.map((process) => process.stop()))
    },
  }
}
