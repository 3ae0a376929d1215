// The front door: it makes the parts of an instance and hands each call on. A job goes on in `run.ts`.

import { TimerQueue } from '../support/timer-queue.ts'
import type { Codec } from '../support/codec.ts'
import { StringMap } from '../support/string-map.ts'
import { ClosedError } from '../errors.ts'
import type { Identity } from '../support/instance.ts'
import { CLOSE, type CloseOptions } from '../support/close-options.ts'
import { resolveOptions, type OptionTable } from '../support/option-table.ts'
import { DenseSet } from '../support/dense-set.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { within } from '../support/within.ts'
import { createAdmin, type ExecutionAdmin } from './admin.ts'
import type { StartDeps } from './start.ts'
import type { BeginOutcome } from './start-outcome.ts'
import type { ExecutionOwner } from './execution-owner.ts'
import type { Body, ExecutionContext } from './execution-context.ts'
import { jobKeysWith, type JobKey } from './job-key.ts'
import { KeyWatchers } from './key-watcher.ts'
import { runOncePerSlot, type Slot, type SlotOptions, type SlotResult } from './once-per-slot.ts'
import {
  EXECUTION,
  JOB_START,
  NO_OPTIONS,
  resolver,
  type AnyStartOptions,
  type ExecutionOptions,
  type OpenPolicies,
  type Policies,
  type SkippingOptions,
  type StartOptions,
} from './options.ts'
import { createQueries, type ExecutionQueries } from './queries.ts'
import { JobRunner, type RunResult, type RunningBody, type Skipped, checkBody } from './run.ts'
import { ClaimCoordinator } from './claim.ts'
import { NO_INPUT } from './fingerprint.ts'
import type { ExecutionSnapshot } from './record.ts'
import { checkFunction } from '../support/checks.ts'

/** Makes a job run once across all instances, and shows everyone how it goes. */
export interface Idempotency extends ExecutionQueries, ExecutionAdmin {
  /**
   * Runs `body` unless the job runs elsewhere or completed within its window, in which case its result is replayed.
   * The body's error is recorded and rethrown. @throws ExecutionInProgressError, FingerprintMismatchError,
   * ResultNotStoredError, the recorded error of a failure that is not to be run again, ExecutionLostError when this
   * attempt lost its lease, CompletionUnconfirmedError, StorageUnavailableError
   */
  run<R>(jobType: string, jobKey: string, body: Body<R>): Promise<RunResult<R>>
  run<R>(jobType: string, jobKey: string, options: StartOptions, body: Body<R>): Promise<RunResult<R>>
  /** With `onInProgress: 'skip'`: `{ status: 'skipped', snapshot }` when the job runs elsewhere. */
  run<R>(
    jobType: string,
    jobKey: string,
    options: SkippingOptions,
    body: Body<R>,
  ): Promise<RunResult<R> | Skipped>
  /** Every outcome of a start as a value; only surprises throw. The caller ends a `started` execution itself. */
  begin(jobType: string, jobKey: string, options?: AnyStartOptions): Promise<BeginOutcome>
  /**
   * The execution, or null when the job runs elsewhere or completed within its window. @throws the recorded error,
   * FingerprintMismatchError, StorageUnavailableError
   */
  tryStartExecution(
    jobType: string,
    jobKey: string,
    options?: AnyStartOptions,
  ): Promise<ExecutionContext | null>
  /**
   * For a schedule that fires on many instances: of all that fire for a slot, also late ones, one does the work; the others
   * answer `skipped`, without an error. It is an execution: when the one that works crashes, another takes over while the
   * slot lasts, and a failure follows `onFailed` (by default another that has fired tries again, `maxAttempts` limits
   * that). After the slot nothing begins, by the storage's clock, give or take one call to it. @throws the body's error where it has run,
   * WaitAbortedError, StorageUnavailableError, ClosedError
   */
  oncePerSlot<R>(name: string, slot: Slot, body: Body<R>): Promise<SlotResult<R>>
  oncePerSlot<R>(name: string, slot: Slot, options: SlotOptions, body: Body<R>): Promise<SlotResult<R>>
  /** A typed job with its own key, fingerprint, codec and policies. What it returns is unknown unless it is said. */
  define<Input, Result = unknown>(jobType: string, options: JobOptions<Input>): Job<Input, Result>
  /**
   * Starts nothing any more, ends all waits, aborts the signals of its executions, waits up to `graceMs` (default 0) for
   * them to end, and releases uncounted what it interrupted. An execution that did not settle keeps its lease. It
   * may be called again, also from within a body, which must not await it then: it waits for that body, too.
   */
  close(options?: CloseOptions): Promise<void>
}

/** `calls` is shared by the features of one Holdfast and closed by it; `identity` is the instance's. */
export function idempotencyOver(
  calls: StorageClient,
  policies: Policies,
  { app, instance }: Identity,
): Idempotency {
  const names = jobKeysWith(app)
  const resolve = resolver(policies)
  const running = new StringMap<ExecutionOwner>()
  const bodies = new DenseSet<RunningBody>()
  const alarms = new TimerQueue<LeaseKeeper<ExecutionOwner>>(calls.runtime, {
    background: true,
    delay: calls.eventLoopDelay,
  })
  const claims = new ClaimCoordinator(calls, alarms, running)
  const watchers = new KeyWatchers(calls, running)
  /** Of the job types defined here: what others see of such a job is decoded as it was encoded. */
  const codecs = new Map<string, Codec>()
  const defaultCodec = policies.codec
  const codecOf = (jobType: string): Codec => codecs.get(jobType) ?? defaultCodec
  const { announce, ...admin } = createAdmin(calls, names, codecOf, claims)
  const others: ExecutionQueries & ExecutionAdmin = {
    ...createQueries(watchers, names, codecOf),
    ...admin,
  }
  const deps: StartDeps = {
    calls,
    claims,
    watchers,
    instance,
    closing: undefined,
    started: announce,
  }
  const runner = new JobRunner(deps, bodies, resolve)

  const close = async (graceMs: number): Promise<void> => {
    const closing = (deps.closing ??= new ClosedError())
    for (const { keeper } of running.values()) keeper.abort(closing)
    watchers.close(closing)
    const ends = running.values().map((owner) => owner.whenSettled())
    const settled = [...bodies].map((body) => body.settled)
    await within(calls.runtime, Promise.allSettled([claims.idle(), ...settled, ...ends]), graceMs)
    for (const owner of running.values()) owner.abandon()
    alarms.close()
  }

  // Bad arguments reject the promise instead of throwing at the call, so that one `catch` serves both.
  return {
    ...others,

    // Not async: a promise around that of the run costs each call two promises and three turns of the queue.
    run: (<R>(jobType: string, jobKey: string, ...rest: [Body<R>] | [AnyStartOptions, Body<R>]) => {
      try {
        const [start, body] = rest.length === 1 ? [NO_OPTIONS, rest[0]] : rest
        return runner.run(names.of(jobType, jobKey), start, body)
      } catch (error) {
        return Promise.reject(error as Error)
      }
    }) as Idempotency['run'],

    begin: async (jobType, jobKey, start = NO_OPTIONS) => runner.begin(names.of(jobType, jobKey), start),

    tryStartExecution: async (jobType, jobKey, start = NO_OPTIONS) =>
      runner.tryStartExecution(names.of(jobType, jobKey), start),

    oncePerSlot: async <R>(name: string, slot: Slot, ...rest: [Body<R>] | [SlotOptions, Body<R>]) => {
      const [slotOptions, body] = rest.length === 1 ? [{}, rest[0]] : rest
      return runOncePerSlot(calls, names, runner, resolve, name, slot, slotOptions, body)
    },

    define(jobType, jobOptions) {
      names.collection(jobType)
      resolveOptions(JOB, jobOptions)
      const { key, fingerprint, ...given } = jobOptions
      const resolveOwn = resolver(resolveOptions(EXECUTION, given, policies))
      codecs.set(jobType, resolveOwn(NO_OPTIONS).codec)
      const own = new JobRunner(deps, bodies, resolveOwn)
      return defineJob(others, own, (jobKey) => names.of(jobType, jobKey), jobType, {
        key,
        ...(fingerprint === undefined ? {} : { fingerprint }),
      })
    },

    async close(how = {}) {
      await close(resolveOptions(CLOSE, how).graceMs)
    },
  }
}

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

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
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

function defineJob<Input, Result>(
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
      checkBody(body)
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
