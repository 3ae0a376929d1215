export { HangfireDialectError, HangfireUnreadableError, HangfireUnsupportedError } from './errors.ts'
export {
  type ArgumentsOf,
  type HangfireJob,
  type HangfireJobOptions,
  type ValuesOf,
  defineHangfireJob,
} from './jobs/job-definition.ts'
export type { AnyParameter, InjectedParameter, Parameter } from './jobs/parameter.ts'
export { t } from './jobs/t.ts'
export { type HangfireLocks, type HangfireLocksOptions, createHangfireLocks } from './locks/hangfire-locks.ts'
export {
  type FormatArgument,
  type HangfireLockResource,
  hangfireLockResource,
} from './locks/lock-resource.ts'
export {
  type HangfireMonitor,
  type HangfireMonitorOptions,
  createHangfireMonitor,
} from './monitor/hangfire-monitor.ts'
export type { HangfireConsole } from './monitor/console.ts'
export type { HangfireJobDetails } from './monitor/job-details.ts'
export type { Page } from './monitor/page.ts'
export type { Unreadable } from './monitor/unreadable.ts'
export type { WatchOptions } from './monitor/watch.ts'
