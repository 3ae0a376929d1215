// The front door: it makes the parts of an instance and hands each call on. A job goes on in `run.ts`.

import { TimerQueue } from '../support/timer-queue.ts'
import type { Codec } from '../support/codec.ts'
import { StringMap } from '../support/string-map.ts'
import { ClosedError } from '../errors.ts'
import type { Identity } from '../support/instance.ts'
import { CLOSE, type CloseOptions } from '../support/close-options.ts'
import { resolveOptions } from '../support/option-table.ts'
import { DenseSet } from '../support/dense-set.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { within } from '../support/within.ts'
import { type ExecutionAdmin, createAdmin } from './admin.ts'
import type { StartDeps } from './start.ts'
import type { BeginOutcome } from './start-outcome.ts'
import { JOB, type Job, type JobOptions, defineJob } from './define.ts'
import type { Execution } from './execution.ts'
import type { ExecutionContext } from './execution-context.ts'
import { jobKeysWith } from './job-key.ts'
import { KeyWatchers } from './key-watchers.ts'
import { type Slot, type SlotOptions, type SlotResult, runOncePerSlot } from './once-per-slot.ts'
import {
  type AnyStartOptions,
  EXECUTION,
  NO_OPTIONS,
  type Policies,
  type SkippingOptions,
  type StartOptions,
  resolver,
} from './options.ts'
import { type ExecutionQueries, createQueries } from './queries.ts'
import { JobRunner, type RunResult, type RunningBody, type Skipped } from './run.ts'
import type { Body } from './run-body.ts'
import { ClaimCoordinator } from './claim.ts'

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
   * Starts nothing any more, ends all waits, aborts the signals of its own executions, waits up to `graceMs` (default
   * 0) for them to end, and gives back uncounted what was interrupted. What did not settle is left to its lease. It
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
  const running = new StringMap<Execution>()
  const bodies = new DenseSet<RunningBody>()
  const alarms = new TimerQueue<LeaseKeeper<Execution>>(calls.runtime, {
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
  let closing: ClosedError | undefined
  const others: ExecutionQueries & ExecutionAdmin = {
    ...createQueries(watchers, names, codecOf),
    ...admin,
  }
  const deps: StartDeps = {
    calls,
    claims,
    watchers,
    instance,
    closing: () => closing,
    started: announce,
  }
  const runner = new JobRunner(deps, bodies, resolve)

  const close = async (graceMs: number): Promise<void> => {
    closing ??= new ClosedError()
    for (const execution of running.values()) execution.abort(closing)
    watchers.close(closing)
    const ends = running.values().map((execution) => execution.whenSettled())
    const settled = [...bodies].map((body) => body.settled)
    await within(calls.runtime, Promise.allSettled([claims.idle(), ...settled, ...ends]), graceMs)
    for (const execution of running.values()) execution.abandon()
    alarms.close()
  }

  // Bad arguments reject the promise instead of throwing at the call, so that one `catch` serves both.
  return {
    ...others,

    run: (async <R>(jobType: string, jobKey: string, ...rest: [Body<R>] | [AnyStartOptions, Body<R>]) => {
      const [start, body] = rest.length === 1 ? [NO_OPTIONS, rest[0]] : rest
      return runner.run(names.of(jobType, jobKey), start, body)
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
