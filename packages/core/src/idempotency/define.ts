import { InvalidArgumentError } from '../errors.ts'
import { checkFunction } from '../support/checks.ts'
import { type OptionTable, resolveOptions } from '../support/option-table.ts'
import type { ExecutionAdmin } from './admin.ts'
import type { BeginOutcome } from './start-outcome.ts'
import type { JobKey } from './job-key.ts'
import type { ExecutionContext } from './execution-context.ts'
import { NO_INPUT } from './fingerprint.ts'
import {
  type AnyStartOptions,
  EXECUTION,
  type ExecutionOptions,
  JOB_START,
  NO_OPTIONS,
  type OpenPolicies,
  type SkippingOptions,
  type StartOptions,
} from './options.ts'
import type { ExecutionQueries } from './queries.ts'
import type { JobRunner, RunResult, Skipped } from './run.ts'
import type { Body } from './run-body.ts'
import type { ExecutionSnapshot } from './record.ts'

export interface JobOptions<Input> extends ExecutionOptions {
  /** The key of one input: what makes two starts the same job. */
  readonly key: (input: Input) => string
  /**
   * What the key stands for: any plain data, not a promise of it. `(input) => input` refuses a key with other input.
   * What it returns is always compared, undefined too. Default: nothing is compared.
   */
  readonly fingerprint?: ((input: Input) => unknown) | undefined
}

/** What one call of a defined job may add. */
export type JobStartOptions = Omit<StartOptions, 'fingerprint'>
export type SkippingJobOptions = Omit<SkippingOptions, 'fingerprint'>
type AnyJobStartOptions = JobStartOptions | SkippingJobOptions

export const JOB: OptionTable<JobOptions<never>, OpenPolicies | 'fingerprint'> = {
  ...EXECUTION,
  key: [checkFunction],
  fingerprint: [checkFunction, undefined],
}

/** A job type with its key, fingerprint, codec and policies; otherwise as the methods of the same name. */
export interface Job<Input, Result = unknown> {
  readonly jobType: string
  run(input: Input, body: JobBody<Input, Result>): Promise<RunResult<Result>>
  run(input: Input, options: JobStartOptions, body: JobBody<Input, Result>): Promise<RunResult<Result>>
  /** With `onInProgress: 'skip'`: `{ status: 'skipped', snapshot }` when the job runs elsewhere. */
  run(
    input: Input,
    options: SkippingJobOptions,
    body: JobBody<Input, Result>,
  ): Promise<RunResult<Result> | Skipped>
  begin(input: Input, options?: AnyJobStartOptions): Promise<BeginOutcome>
  tryStartExecution(input: Input, options?: AnyJobStartOptions): Promise<ExecutionContext | null>
  isExecuting(input: Input): Promise<boolean>
  getExecutionStatus(input: Input): Promise<ExecutionSnapshot | null>
  waitForCompletion(
    input: Input,
    options?: { readonly waitMs?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<ExecutionSnapshot | null>
  watch(
    input: Input,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<ExecutionSnapshot>
  forget(input: Input): Promise<boolean>
  requestCancel(input: Input, options?: { readonly reason?: string | undefined }): Promise<boolean>
}

export type JobBody<Input, Result> = (execution: ExecutionContext, input: Input) => Result | Promise<Result>

export function defineJob<Input, Result>(
  others: ExecutionQueries & ExecutionAdmin,
  runner: JobRunner,
  nameOf: (jobKey: string) => JobKey,
  jobType: string,
  { key, fingerprint }: Pick<JobOptions<Input>, 'key' | 'fingerprint'>,
): Job<Input, Result> {
  const startOf = (input: Input, start: AnyJobStartOptions): AnyStartOptions => {
    if (start !== NO_OPTIONS) resolveOptions(JOB_START, start)
    if (fingerprint === undefined) return start
    const given = fingerprint(input)
    return { ...start, fingerprint: given === undefined ? NO_INPUT : given }
  }
  return {
    jobType,
    run: (async (
      input: Input,
      ...rest: [JobBody<Input, Result>] | [AnyJobStartOptions, JobBody<Input, Result>]
    ) => {
      const [start, body] = rest.length === 1 ? [NO_OPTIONS, rest[0]] : rest
      if (typeof body !== 'function') {
        throw new InvalidArgumentError('run needs its body as the last argument: a function.')
      }
      const bound: Body<Result> = (execution) => body(execution, input)
      return runner.run(nameOf(key(input)), startOf(input, start), bound)
    }) as Job<Input, Result>['run'],
    begin: async (input, start = NO_OPTIONS) => runner.begin(nameOf(key(input)), startOf(input, start)),
    tryStartExecution: async (input, start = NO_OPTIONS) =>
      runner.tryStartExecution(nameOf(key(input)), startOf(input, start)),
    isExecuting: async (input) => others.isExecuting(jobType, key(input)),
    getExecutionStatus: async (input) => others.getExecutionStatus(jobType, key(input)),
    waitForCompletion: async (input, wait) => others.waitForCompletion(jobType, key(input), wait),
    watch: (input, limits) => others.watch(jobType, key(input), limits),
    forget: async (input) => others.forget(jobType, key(input)),
    requestCancel: async (input, request) => others.requestCancel(jobType, key(input), request),
  }
}
