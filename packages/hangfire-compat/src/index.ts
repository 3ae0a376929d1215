export type { ContinueOptions, CreateOptions, HangfireJobs, ScheduleOptions } from './client/hangfire-jobs.ts'
export type { HangfireWarning, HangfireWarningCode } from './client/warnings.ts'
export {
  HangfireDialectError,
  HangfireJobMissingError,
  HangfireUnreadableError,
  HangfireUnsupportedError,
} from './errors.ts'
export { type Hangfire, type HangfireOptions, createHangfire } from './hangfire.ts'
export {
  type ArgumentsOf,
  type HangfireJob,
  type HangfireJobOptions,
  type ValuesOf,
  defineHangfireJob,
} from './jobs/job-definition.ts'
export type { AnyParameter, InjectedParameter, Parameter } from './jobs/parameter.ts'
export type { ObjectFor, ObjectMembers, ObjectOf } from './jobs/objects.ts'
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
export type { HangfireRecurringJobs, RecurringOptions } from './recurring/recurring-jobs.ts'
export type { WatchOptions } from './monitor/watch.ts'
export { HangfireJobLostError } from './server/errors.ts'
export type { HangfireServerEvent } from './server/events.ts'
export { type HangfireHandler, type JobBody, handle } from './server/handle.ts'
export type {
  DisableConcurrentExecutionOptions,
  HandleOptions,
  JobIdempotencyOptions,
} from './server/handle-options.ts'
export type { ConsoleOptions, HangfireJobContext, HangfireProgress, JobConsole } from './server/job.ts'
export type { AutomaticRetryOptions } from './server/retries.ts'
export type { HangfireServer } from './server/serve.ts'
export type { ServeOptions, StopOptions } from './server/serve-options.ts'
