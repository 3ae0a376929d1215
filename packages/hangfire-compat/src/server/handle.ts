import type { ExecutionOptions } from '@holdfast/core'
import { type Resolved, checkFunction, resolveOptions } from '@holdfast/core/storage'
import { type HangfireJob, checkDefinition } from '../jobs/job-definition.ts'
import { lockOfMethod } from '../locks/lock-resource.ts'
import {
  type DisableConcurrentExecutionOptions,
  EXECUTION,
  HANDLE,
  type HandleOptions,
  type JobIdempotencyOptions,
  LOCK,
} from './handle-options.ts'
import type { HangfireJobContext } from './job.ts'
import { AUTOMATIC_RETRY, type AutomaticRetryOptions } from './retries.ts'

/**
 * What runs a job: it gets the job's arguments, and what can be done with the job. What it returns is the job's
 * result.
 */
export type JobBody<Args extends readonly unknown[], Result> = (
  args: Args,
  job: HangfireJobContext,
) => Result | Promise<Result>

/** A job definition with what runs it. Make one with `handle`. */
export interface HangfireHandler {
  readonly job: HangfireJob<readonly unknown[], never>
  readonly retry: Resolved<AutomaticRetryOptions, 'delaysMs' | 'retryOn'>
  readonly lock: LockPolicy | undefined
  readonly execution: ExecutionOptions
  keyOf(args: readonly unknown[], id: string): string | undefined
  run(args: readonly unknown[], job: HangfireJobContext): unknown
}

export interface LockPolicy {
  readonly waitMs: number
  readonly onContention: 'reschedule' | 'skip' | 'fail'
  readonly rescheduleMs: number
  resourceOf(args: readonly unknown[]): string
}

/**
 * Says what runs a job.
 *
 * @throws InvalidArgumentError
 */
export function handle<Args extends readonly unknown[], Result>(
  job: HangfireJob<Args, never>,
  options: HandleOptions<Args>,
  body: JobBody<Args, Result>,
): HangfireHandler {
  checkDefinition('definition', job)
  checkFunction('body', body)
  const { automaticRetry, disableConcurrentExecution, idempotency } = resolveOptions(
    HANDLE,
    options as HandleOptions<never>,
  )
  const { key, ...execution } = (idempotency ?? {}) as JobIdempotencyOptions<Args>
  return {
    job,
    retry: resolveOptions(AUTOMATIC_RETRY, automaticRetry ?? {}, undefined, 'automaticRetry.'),
    lock:
      disableConcurrentExecution === undefined
        ? undefined
        : lockPolicy(job, disableConcurrentExecution as DisableConcurrentExecutionOptions<Args>),
    execution: { ...EXECUTION, ...execution },
    // The registry looks a handler up by the signature of the call, so the arguments are of its types.
    keyOf: (args, id) => key?.(args as Args, id),
    run: (args, context) => body(args as Args, context),
  }
}

function lockPolicy<Args extends readonly unknown[]>(
  job: HangfireJob<Args, never>,
  options: DisableConcurrentExecutionOptions<Args>,
): LockPolicy {
  const { resource, ...rest } = resolveOptions(
    LOCK,
    options as DisableConcurrentExecutionOptions<never>,
    undefined,
    'disableConcurrentExecution.',
  )
  const given = resource as DisableConcurrentExecutionOptions<Args>['resource']
  const own = lockOfMethod(job)
  return {
    ...rest,
    resourceOf: (args) => (typeof given === 'function' ? given(args as Args) : (given ?? own)),
  }
}
