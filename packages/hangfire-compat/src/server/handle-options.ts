import { type ExecutionOptions, InvalidArgumentError } from '@holdfast/core'
import {
  EXECUTION_OPTIONS,
  type OptionTable,
  checkFunction,
  checkObject,
  checkString,
  duration,
  nested,
  oneOf,
  refuse,
  resolveOptions,
} from '@holdfast/core/storage'
import { AUTOMATIC_RETRY, type AutomaticRetryOptions } from './retries.ts'

/** `[DisableConcurrentExecution]`: .NET's own lock around the body. */
export interface DisableConcurrentExecutionOptions<Args extends readonly unknown[]> {
  /** How long to wait for the lock, in ms: the 300 of `[DisableConcurrentExecution(300)]` is 300,000. */
  readonly waitMs: number
  /** What is locked: a name, as `hangfireLockResource` makes it. Default: the type and method of the job, as in .NET. */
  readonly resource?: string | ((args: Args) => string) | undefined
  /**
   * What becomes of a job that did not get the lock in time. `reschedule`: it runs later, and no attempt is spent; `skip`: it is
   * deleted, with the reason; `fail`: it fails and is retried, as in .NET.
   * @default 'reschedule'
   */
  readonly onContention?: 'reschedule' | 'skip' | 'fail' | undefined
  /**
   * When a rescheduled job runs again, in ms, and up to half as much later, so that those that wait for one lock do not meet again.
   * @default 15_000
   */
  readonly rescheduleMs?: number | undefined
}

/** How the body is kept from running again once its result is recorded: the options of core's executions. */
export interface JobIdempotencyOptions<Args extends readonly unknown[]> extends ExecutionOptions {
  /** What makes two jobs the same work. Default: the job itself, `hangfire:<prefix>:<job id>`. */
  readonly key?: ((args: Args, id: string) => string) | undefined
}

/** How a handler runs its jobs: retries, exclusion, idempotency. */
export interface HandleOptions<Args extends readonly unknown[]> {
  /** Default: ten retries, then failed, as Hangfire's global filter has it. */
  readonly automaticRetry?: AutomaticRetryOptions | undefined
  /** Default: executions do not exclude each other. */
  readonly disableConcurrentExecution?: DisableConcurrentExecutionOptions<Args> | undefined
  /**
   * Differs from core's defaults in that a job may run as long as it needs (`timeoutMs`), a result is replayed for a day
   * (`completedWindowMs`), a checkpoint of a failed attempt is kept a day (`failedRetentionMs`), and one that runs elsewhere is
   * waited for (`onInProgress`).
   */
  readonly idempotency?: JobIdempotencyOptions<Args> | undefined
}

type OpenHandle = keyof HandleOptions<never>

export const HANDLE: OptionTable<HandleOptions<never>, OpenHandle> = {
  // With its path, and over its defaults, when the handler is made.
  automaticRetry: [nested(AUTOMATIC_RETRY), undefined],
  disableConcurrentExecution: [checkObject, undefined],
  idempotency: [checkIdempotency, undefined],
}

export const LOCK: OptionTable<DisableConcurrentExecutionOptions<never>, 'resource'> = {
  waitMs: [duration(0, Infinity)],
  resource: [checkResource, undefined],
  onContention: [oneOf('reschedule', 'skip', 'fail'), 'reschedule'],
  rescheduleMs: [duration(0), 15_000],
}

const DAY_MS = 86_400_000

/** What differs from core's defaults. */
export const EXECUTION: ExecutionOptions = {
  onInProgress: 'wait',
  timeoutMs: 1_000 * DAY_MS,
  completedWindowMs: DAY_MS,
  completedRetentionMs: DAY_MS,
  failedRetentionMs: DAY_MS,
}

function checkResource<T>(name: string, resource: T): T {
  if (typeof resource === 'function') return resource
  if (checkString(name, resource as string) === '')
    refuse(name, resource, 'a name, or a function of the arguments')
  return resource
}

function checkIdempotency<T extends JobIdempotencyOptions<never>>(name: string, options: T): T {
  const { key, fingerprint, ...execution } = checkObject(name, options) as T & { fingerprint?: unknown }
  if (key !== undefined) checkFunction(`${name}.key`, key)
  if (fingerprint !== undefined)
    throw new InvalidArgumentError(`${name} has no fingerprint: the arguments of a job never change.`)
  resolveOptions(EXECUTION_OPTIONS, execution, undefined, `${name}.`)
  return options
}
