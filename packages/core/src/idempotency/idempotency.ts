import { checkDuration, checkName } from '../check.ts'
import { ClosedError, HoldfastError, InvalidArgumentError, SelfDeadlockError } from '../errors.ts'
import type { StorageCalls } from '../storage-calls.ts'
import type { Codec } from '../codec.ts'
import { type Administration, createAdministration } from './administration.ts'
import { isAncestor, parentExecution, runAsChild } from './ancestry.ts'
import { type BeginCommand, type Decision, decide } from './decide.ts'
import { type Job as DefinedJob, type JobOptions, defineJob } from './define.ts'
import {
  ExecutionInProgressError,
  ExecutionLostError,
  FingerprintMismatchError,
  ResultNotStoredError,
  WaitAbortedError,
} from './errors.ts'
import { executions } from './events.ts'
import type { Execution, ExecutionContext, View } from './execution.ts'
import { fingerprintOf } from './fingerprint.ts'
import { Observations, type WaitLimits, keyText, observeUntil } from './observation.ts'
import { type ExecutionOptions, type ResolvedOptions, type StartOptions, resolveOptions } from './options.ts'
import type { CompletedRecord, Current } from './record.ts'
import { type ExecutionSnapshot, snapshotOf } from './snapshot.ts'
import { reviveError } from './stored-error.ts'
import { loadResult } from './stored-result.ts'
import { type Job, Starts } from './starts.ts'

/** Makes a job run once across all instances, and shows everyone how it goes. */
export interface Idempotency extends Administration {
  /**
   * Runs `body` unless the job runs elsewhere or completed within its window, in which case its result is replayed.
   * The body's error is recorded and rethrown. @throws ExecutionInProgressError, FingerprintMismatchError,
   * ResultNotStoredError, the recorded error of a failure that is not to be run again, ExecutionLostError when this
   * attempt lost its lease, CompletionUnconfirmedError, StorageUnavailableError
   */
  run<R>(jobType: string, jobKey: string, body: Body<R>): Promise<RunResult<R>>
  run<R>(jobType: string, jobKey: string, options: StartOptions, body: Body<R>): Promise<RunResult<R>>
  /** Every outcome of a start as a value; only surprises throw. The caller ends a `started` execution itself. */
  begin(jobType: string, jobKey: string, options?: StartOptions): Promise<BeginOutcome>
  /**
   * The execution, or null when the job runs elsewhere or completed within its window. @throws the recorded error,
   * FingerprintMismatchError, StorageUnavailableError
   */
  tryStartExecution(jobType: string, jobKey: string, options?: StartOptions): Promise<ExecutionContext | null>
  /** True while some instance executes the job and its lease is alive. */
  isExecuting(jobType: string, jobKey: string): Promise<boolean>
  /** What is stored of the job; null when nothing is, or not any more. */
  getExecutionStatus(jobType: string, jobKey: string): Promise<ExecutionSnapshot | null>
  /**
   * Waits until the job has ended, and says how; null when nothing is stored of it. `waitMs` 30,000 by default.
   * @throws ExecutionInProgressError at the deadline, WaitAbortedError
   */
  waitForCompletion(
    jobType: string,
    jobKey: string,
    options?: { readonly waitMs?: number; readonly signal?: AbortSignal },
  ): Promise<ExecutionSnapshot | null>
  /**
   * Every state that becomes known, from the present one to the end of the execution. Waits for a job that has not
   * started yet. States may be skipped when they follow faster than they are read; the last one never is. Ends
   * quietly when `signal` is aborted.
   */
  watch(
    jobType: string,
    jobKey: string,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<ExecutionSnapshot>
  /** A typed job with its own key, fingerprint, codec and policies. */
  define<Input, Result>(jobType: string, options: JobOptions<Input>): DefinedJob<Input, Result>
  /**
   * Starts nothing any more, aborts the signals of its own executions, waits up to `graceMs` (default 0) for their
   * bodies, and gives back uncounted what was interrupted. What did not settle is left to its lease.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

export type Body<R> = (execution: ExecutionContext) => R | Promise<R>

export interface RunResult<R> {
  /** Whether this call ran the body, or got what an earlier one returned. */
  readonly status: 'executed' | 'replayed'
  readonly result: R
  readonly executionId: string
  readonly attempt: number
}

export type BeginOutcome =
  | { readonly status: 'started'; readonly execution: ExecutionContext }
  | { readonly status: 'inProgress'; readonly snapshot: ExecutionSnapshot }
  /** `result` is undefined when `snapshot.resultOmitted` says that it was not kept. */
  | { readonly status: 'replayed'; readonly snapshot: ExecutionSnapshot; readonly result: unknown }
  | {
      readonly status: 'failedBefore'
      readonly snapshot: ExecutionSnapshot
      readonly error: Error
      /** Set when the failure asked to be left alone for a while: milliseconds until then. */
      readonly retryAfterMs?: number | undefined
    }
  | { readonly status: 'mismatch'; readonly snapshot: ExecutionSnapshot }

export interface IdempotencyOptions extends ExecutionOptions {
  /** Separates apps in one storage. Default `holdfast`. */
  readonly prefix?: string
  /** How this process calls itself in snapshots, for people to read. Default: none. */
  readonly instance?: string
}

/** `calls` is shared by the features of one Holdfast and closed by it. */
export function idempotencyOver(calls: StorageCalls, options: IdempotencyOptions = {}): Idempotency {
  const { prefix = 'holdfast', instance, ...defaults } = options
  checkName('prefix', prefix)
  const running = new Map<string, Execution>()
  const bodies = new Set<Promise<unknown>>()
  const starts = new Starts(calls, running)
  const observations = new Observations(calls, running)
  /** Of the job types defined here: what others see of such a job is decoded as it was encoded. */
  const codecs = new Map<string, Codec>()
  const defaultCodec = resolveOptions(defaults).codec
  const codecOf = (jobType: string): Codec => codecs.get(jobType) ?? defaultCodec
  const administration = createAdministration(calls, prefix, codecOf)
  let closing: ClosedError | undefined

  const jobOf = (jobType: string, jobKey: string): Job => {
    checkName('jobType', jobType)
    checkName('jobKey', jobKey)
    return { jobType, jobKey, key: { collection: `${prefix}:${jobType}`, id: jobKey } }
  }

  type Begun =
    | { readonly status: 'started'; readonly execution: Execution }
    | Exclude<BeginOutcome, { status: 'started' }>

  const beginJob = async (job: Job, start: StartOptions): Promise<Begun> => {
    if (closing) throw closing
    const resolved = resolveOptions({ ...defaults, ...start })
    const command: BeginCommand = {
      type: 'begin',
      executionId: calls.runtime.randomId(),
      policy: resolved,
      leaseMs: resolved.leaseMs,
      timeoutMs: resolved.timeoutMs,
      ttlMs: resolved.executingTtlMs,
      failedTtlMs: resolved.failedTtlMs,
      fingerprint: start.fingerprint === undefined ? undefined : fingerprintOf(start.fingerprint),
      parentExecutionId: parentExecution()?.executionId,
      instance,
    }
    const giveUpAt = calls.runtime.monotonicNow() + resolved.waitMs
    let view: View | undefined = starts.known(job.key)
    for (;;) {
      if (closing) throw closing
      const decision: Decision | undefined = view?.current
        ? decide(view.current, view.now, command)
        : undefined
      if (view?.current && decision !== undefined && decision.type !== 'write') {
        if (decision.type !== 'inProgress') return outcomeOf(job, resolved, decision, view.current, view.now)
        const next = await waitElsewhere(job, start, resolved, giveUpAt)
        if (next === undefined) {
          const snapshot = snapshotOf(job, view.current, view.now, resolved.codec)
          publish(job, { type: 'inProgress', executionId: snapshot.executionId })
          return { status: 'inProgress', snapshot }
        }
        view = next
        continue
      }
      const underWay = starts.underWay(job.key)
      const answer = await (underWay ?? starts.start(job, view, command, resolved))
      view = answer.view
      if (underWay !== undefined || answer.execution === undefined) continue
      const { execution } = answer
      publish(job, { type: 'started', executionId: execution.executionId, attempt: execution.attempt })
      administration.announce(job.jobType)
      return { status: 'started', execution }
    }
  }

  /** The state after the wait that the policy allows; undefined when it allows none, or no longer. */
  const waitElsewhere = async (
    job: Job,
    start: StartOptions,
    resolved: ResolvedOptions,
    giveUpAt: number,
  ): Promise<View | undefined> => {
    const { onInProgress, onStalled, codec } = resolved
    if (onInProgress === 'reject') return undefined
    if (isAncestor(keyText(job.key))) {
      throw new SelfDeadlockError(
        `${job.jobType} ${job.jobKey} would wait for the execution that it is part of.`,
      )
    }
    const waitMs = onInProgress === 'attach' ? Infinity : Math.max(0, giveUpAt - calls.runtime.monotonicNow())
    const isOver = ({ current, now }: View): boolean => {
      if (current === null) return true
      const snapshot = snapshotOf(job, current, now, codec)
      if (snapshot.status === 'executing') start.onProgress?.(snapshot)
      return snapshot.status !== 'executing' || (snapshot.stalled && onStalled !== 'reject')
    }
    return until(job, isOver, { waitMs, signal: start.signal })
  }

  const until = async (
    job: Job,
    isDone: (view: View) => boolean,
    limits: WaitLimits,
  ): Promise<View | undefined> => {
    const view = await observeUntil(observations, calls, job.key, isDone, limits)
    if (view === 'aborted') {
      throw new WaitAbortedError(`${job.jobType} ${job.jobKey}`, { cause: limits.signal?.reason })
    }
    return view === 'timeout' ? undefined : view
  }

  const outcomeOf = async (
    job: Job,
    resolved: ResolvedOptions,
    decision: Exclude<Decision, { type: 'write' | 'inProgress' }>,
    current: Current,
    now: number,
  ): Promise<Exclude<Begun, { status: 'started' }>> => {
    const snapshot = snapshotOf(job, current, now, resolved.codec)
    const { executionId } = snapshot
    switch (decision.type) {
      case 'replayed':
        publish(job, { type: 'replayed', executionId })
        return { status: 'replayed', snapshot, result: await resultOf(decision.record, resolved) }
      case 'failedBefore': {
        const error = reviveError(decision.record.error)
        publish(job, { type: 'failedBefore', executionId, error })
        return { status: 'failedBefore', snapshot, error, retryAfterMs: decision.retryAfterMs }
      }
      case 'mismatch':
        publish(job, { type: 'mismatch', executionId })
        return { status: 'mismatch', snapshot }
      default:
        throw new TypeError(`a start was decided as ${decision.type}`)
    }
  }

  const publish = (job: Job, event: Parameters<typeof toEvent>[1]): void =>
    executions.publish(() => toEvent(job, event))

  const runJob = async <R>(job: Job, start: StartOptions, body: Body<R>): Promise<RunResult<R>> => {
    const begun = await beginJob(job, start)
    switch (begun.status) {
      case 'started':
        return runBody(job, begun.execution, body)
      case 'replayed': {
        const { snapshot, result } = begun
        if (snapshot.resultOmitted !== null) throw new ResultNotStoredError(snapshot)
        const { executionId, attempt } = snapshot
        return { status: 'replayed', result: result as R, executionId, attempt }
      }
      case 'inProgress':
        throw new ExecutionInProgressError(begun.snapshot)
      case 'mismatch':
        throw new FingerprintMismatchError(begun.snapshot)
      case 'failedBefore':
        throw begun.error
    }
  }

  const runBody = async <R>(job: Job, execution: Execution, body: Body<R>): Promise<RunResult<R>> => {
    const { executionId, attempt } = execution
    const settled = settle(job, execution, body)
    bodies.add(settled)
    try {
      return { status: 'executed', result: await settled, executionId, attempt }
    } finally {
      bodies.delete(settled)
    }
  }

  const settle = async <R>(job: Job, execution: Execution, body: Body<R>): Promise<R> => {
    const { executionId } = execution
    let result: R
    try {
      result = await runAsChild(executionId, keyText(job.key), () => body(execution))
    } catch (error) {
      await recordFailure(job, execution, error)
      throw error
    }
    try {
      await execution.markSuccess(result)
    } catch (error) {
      if (HoldfastError.isInstance(error) && error.code === 'LEASE_LOST')
        throw await lostError(execution, error)
      // The result was refused before anything was sent: it would be refused again.
      if (execution.isOwner) await execution.markFailure(error, { final: true }).catch(() => execution.stop())
      throw error
    }
    publish(job, { type: 'completed', executionId })
    return result
  }

  /** Records how a body failed. What the body threw is the caller's error, whatever becomes of the record. */
  const recordFailure = async (job: Job, execution: Execution, error: unknown): Promise<void> => {
    const { executionId } = execution
    try {
      if (closing !== undefined && execution.signal.reason === closing) {
        await execution.release()
        publish(job, { type: 'released', executionId })
      } else {
        await execution.markFailure(error)
        publish(job, { type: 'failed', executionId, error })
      }
    } catch (unrecorded) {
      execution.stop()
      if (
        HoldfastError.isInstance(unrecorded) &&
        unrecorded.code === 'LEASE_LOST' &&
        isLossOf(execution, error)
      ) {
        throw await lostError(execution, unrecorded)
      }
    }
  }

  const idempotency: Idempotency = {
    ...administration,

    run: <R>(jobType: string, jobKey: string, ...rest: [Body<R>] | [StartOptions, Body<R>]) => {
      const [start, body] = rest.length === 1 ? [{}, rest[0]] : rest
      if (typeof body !== 'function') {
        return Promise.reject(
          new InvalidArgumentError('run needs the body as its last argument: a function.'),
        )
      }
      return asPromise(() => runJob(jobOf(jobType, jobKey), start, body))
    },

    begin: (jobType, jobKey, start = {}) => asPromise(() => beginJob(jobOf(jobType, jobKey), start)),

    async tryStartExecution(jobType, jobKey, start = {}) {
      const begun = await beginJob(jobOf(jobType, jobKey), start)
      switch (begun.status) {
        case 'started':
          return begun.execution
        case 'inProgress':
        case 'replayed':
          return null
        case 'mismatch':
          throw new FingerprintMismatchError(begun.snapshot)
        case 'failedBefore':
          throw begun.error
      }
    },

    async isExecuting(jobType, jobKey) {
      const snapshot = await administration.read(jobOf(jobType, jobKey))
      return snapshot !== null && snapshot.status === 'executing' && !snapshot.stalled
    },

    async getExecutionStatus(jobType, jobKey) {
      return administration.read(jobOf(jobType, jobKey))
    },

    async waitForCompletion(jobType, jobKey, { waitMs = 30_000, signal } = {}) {
      const job = jobOf(jobType, jobKey)
      if (waitMs !== Infinity) checkDuration('waitMs', waitMs, 0)
      const codec = codecOf(jobType)
      let latest: View | undefined
      const isDone = (view: View): boolean => {
        latest = view
        return view.current?.record.status !== 'executing'
      }
      const view = await until(job, isDone, { waitMs, signal })
      if (view !== undefined) return view.current && snapshotOf(job, view.current, view.now, codec)
      const seen = latest ?? { current: null }
      if (latest === undefined || seen.current === null) return administration.read(job)
      throw new ExecutionInProgressError(snapshotOf(job, seen.current, latest.now, codec))
    },

    async *watch(jobType, jobKey, { signal } = {}) {
      const job = jobOf(jobType, jobKey)
      const codec = codecOf(jobType)
      let lastRev = 0
      let wasStalled = false
      for (;;) {
        const isNews = ({ current, now }: View): boolean =>
          current !== null &&
          (current.rev > lastRev || (!wasStalled && snapshotOf(job, current, now, codec).stalled))
        const view = await observeUntil(observations, calls, job.key, isNews, { waitMs: Infinity, signal })
        if (view === 'aborted' || view === 'timeout' || view.current === null) return
        const snapshot = snapshotOf(job, view.current, view.now, codec)
        lastRev = view.current.rev
        wasStalled = snapshot.stalled
        yield snapshot
        if (snapshot.status !== 'executing') return
      }
    },

    define(jobType, jobOptions) {
      checkName('jobType', jobType)
      const { codec } = resolveOptions({ ...defaults, ...jobOptions })
      codecs.set(jobType, codec)
      return defineJob(idempotency, jobType, jobOptions)
    },

    async close({ graceMs = 0 } = {}) {
      checkDuration('graceMs', graceMs, 0)
      closing ??= new ClosedError('Idempotency')
      for (const execution of running.values()) execution.abort(closing)
      if (bodies.size > 0) await within(calls, Promise.allSettled([...bodies]), graceMs)
      for (const execution of [...running.values()]) execution.stop()
      observations.close()
    },
  }
  return idempotency
}

type OwnEvent =
  | { readonly type: 'started'; readonly executionId: string; readonly attempt: number }
  | {
      readonly type: 'completed' | 'released' | 'replayed' | 'inProgress' | 'mismatch'
      readonly executionId: string
    }
  | { readonly type: 'failed' | 'failedBefore'; readonly executionId: string; readonly error: unknown }

function toEvent<E extends OwnEvent>(
  { jobType, jobKey }: Job,
  event: E,
): E & { jobType: string; jobKey: string } {
  return { jobType, jobKey, ...event }
}

async function resultOf(record: CompletedRecord, resolved: ResolvedOptions): Promise<unknown> {
  return record.result.kind === 'omitted' ? undefined : loadResult(record.result, resolved)
}

/** Whether the body's error is nothing but the news that its lease is gone. */
function isLossOf(execution: Execution, error: unknown): boolean {
  return error === execution.signal.reason || (HoldfastError.isInstance(error) && error.code === 'LEASE_LOST')
}

/** The loss together with what the successor has recorded: what a caller of the lost attempt wants to know. */
async function lostError(execution: Execution, error: unknown): Promise<ExecutionLostError> {
  if (error instanceof ExecutionLostError && error.current !== null) return error
  const current = await execution.readCurrent().catch(() => null)
  return new ExecutionLostError(execution.executionId, current)
}

function within(calls: StorageCalls, promise: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = calls.runtime.setTimer(ms, resolve)
    void promise.then(() => {
      timer.cancel()
      resolve()
    })
  })
}

/** Bad arguments reject the promise instead of throwing at the call, so that one `catch` serves both. */
async function asPromise<T>(call: () => Promise<T>): Promise<T> {
  return call()
}
