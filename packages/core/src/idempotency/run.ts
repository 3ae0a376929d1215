// A job begins: `startExecution` of `start.ts` gets the execution. Its body runs until `execution-owner.ts` has recorded the end.

import { InvalidArgumentError, HoldfastError, hasCode } from '../errors.ts'
import type { Indexed, DenseSet } from '../support/dense-set.ts'
import {
  ExecutionInProgressError,
  FingerprintMismatchError,
  ResultNotStoredError,
  ExecutionLostError,
} from './errors.ts'
import { type Replay, begins, bodies, runs } from './events.ts'
import type { ExecutionContext, Body } from './execution-context.ts'
import type { JobKey } from './job-key.ts'
import type { AnyStartOptions, ResolvedOptions } from './options.ts'
import { asRecorded } from './recorded-failure.ts'
import { whyUnreadable } from './snapshot.ts'
import type { ExecutionSnapshot } from './record.ts'
import { type StartDeps, startExecution } from './start.ts'
import type { Attempt, Attempts, Executed, NotStarted, StartOutcome } from './start-outcome.ts'
import { tracedExecution } from './trace-context.ts'
import { enter } from '../support/call-chain.ts'
import { RELEASED } from './decide.ts'
import type { Execution } from './execution.ts'
import type { End } from './execution-state.ts'

/** What `run` resolves with: the result, and whether this call ran the body. */
export interface RunResult<R> {
  /** Whether this call ran the body, or got the result of an earlier one. */
  readonly status: 'executed' | 'replayed'
  readonly result: R
  readonly executionId: string
  readonly attempt: number
  /**
   * Where a replayed result came from. `stored`: it was there; `waited`: after a wait for another process; `joined`: after
   * a wait for an execution of this process. Absent when this call ran the body.
   */
  readonly replay?: Replay
}

/** The answer to `onInProgress: 'skip'` when the job runs elsewhere: nothing was done. */
export interface Skipped {
  readonly status: 'skipped'
  /** Of the execution that runs. */
  readonly snapshot: ExecutionSnapshot
}

/** A body that is running; `settled` when its end is recorded, or cannot be. */
export interface RunningBody extends Indexed {
  readonly settled: Promise<unknown>
}

/** The ways to start a job, with the options of an instance or of a defined job. */
export class JobRunner implements Attempts {
  readonly #deps: StartDeps
  readonly #bodies: DenseSet<RunningBody>
  readonly #resolve: (start: AnyStartOptions) => ResolvedOptions

  /** `bodies`: those that run, because `close` waits for them. */
  constructor(
    deps: StartDeps,
    bodies: DenseSet<RunningBody>,
    resolve: (start: AnyStartOptions) => ResolvedOptions,
  ) {
    this.#deps = deps
    this.#bodies = bodies
    this.#resolve = resolve
  }

  /** Throws at once what is wrong with the options. */
  begin(job: JobKey, start: AnyStartOptions): Promise<StartOutcome> {
    const resolved = this.#resolve(start)
    if (!begins.traced) return startExecution(this.#deps, job, start, resolved)
    const { jobType, jobKey } = job
    return begins.trace({ jobType, jobKey }, () => startExecution(this.#deps, job, start, resolved))
  }

  /** Runs the body, or says by a value why it does not. */
  attempt<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<Attempt<R>> {
    return this.#perform(job, start, body, (begun) => begun)
  }

  /** Throws at once when there is no body. */
  run<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<RunResult<R> | Skipped> {
    checkBody(body)
    if (!runs.traced) return this.#perform(job, start, body, answerTo<R>)
    const { jobType, jobKey } = job
    return runs.trace({ jobType, jobKey }, () => this.#perform(job, start, body, answerTo<R>))
  }

  async tryStartExecution(job: JobKey, start: AnyStartOptions): Promise<ExecutionContext | null> {
    const begun = await this.begin(job, start)
    if (begun.status === 'started') return begun.execution
    if (begun.status === 'inProgress' || begun.status === 'replayed') return null
    throw refusal(begun)
  }

  /** Runs the body. Where another execution stands in its way, the answer is what `instead` makes of it. */
  async #perform<R, T>(
    job: JobKey,
    start: AnyStartOptions,
    body: Body<R>,
    instead: (begun: NotStarted, resolved: ResolvedOptions) => T,
  ): Promise<Executed<R> | T> {
    const resolved = this.#resolve(start)
    const begun = await startExecution(this.#deps, job, start, resolved)
    if (begun.status !== 'started') return instead(begun, resolved)
    const { execution } = begun
    const settled = runBody(execution, body)
    const running: RunningBody = { index: -1, settled }
    this.#bodies.add(running)
    try {
      const { executionId, attempt } = execution
      return { status: 'executed', result: await settled, executionId, attempt }
    } finally {
      this.#bodies.delete(running)
    }
  }
}

/** @throws InvalidArgumentError when it is no function */
export function checkBody(body: unknown): void {
  if (typeof body === 'function') return
  throw new InvalidArgumentError('run needs its body as the last argument: a function.')
}

/** What `run` answers where it ran nothing. */
function answerTo<R>(begun: NotStarted, { onInProgress }: ResolvedOptions): RunResult<R> | Skipped {
  if (begun.status === 'mismatch' || begun.status === 'failedBefore') throw refusal(begun)
  const { snapshot } = begun
  if (begun.status === 'replayed') {
    if (snapshot.resultOmitted !== null) throw new ResultNotStoredError(snapshot, whyUnreadable(snapshot))
    const { executionId, attempt } = snapshot
    const { result, replay } = begun
    return { status: 'replayed', result: result as R, executionId, attempt, replay }
  }
  if (onInProgress === 'skip') return { status: 'skipped', snapshot }
  throw new ExecutionInProgressError(snapshot, onInProgress === 'wait')
}

function refusal(outcome: Extract<NotStarted, { readonly status: 'mismatch' | 'failedBefore' }>): Error {
  return outcome.status === 'mismatch' ? new FingerprintMismatchError(outcome.snapshot) : asRecorded(outcome)
}

/** Runs the body, records how it ended, and returns or throws what its caller gets. */
async function runBody<R>(execution: Execution, body: Body<R>): Promise<R> {
  let result: R
  try {
    result = await (bodies.traced
      ? bodies.trace(tracedExecution(execution.owner.job, execution), () => enter(execution, body, execution))
      : enter(execution, body, execution))
  } catch (thrown) {
    const error = reasonIn(execution, thrown)
    await recordFailure(execution, error)
    throw error
  }
  // A body may record its end itself, and not wait for that, or not mind that it was not confirmed.
  if (execution.isBusy) await execution.idle()
  const { state } = execution.owner
  if (state.is === 'ended') return resultOf(state.end) as R
  if (state.is === 'unconfirmed') result = state.error.result as R
  try {
    await execution.markSuccess(result)
  } catch (error) {
    if (hasCode(error, 'LEASE_LOST')) throw await lostError(execution, error, result)
    // The result was refused before anything was sent: it would be refused again. (A success that was not confirmed
    // stays one: markFailure refuses to make it a failure.)
    await execution.markFailure(error, { final: true }).catch(() => execution.owner.abandon())
    throw error
  }
  return result
}

/** What Node's functions throw for an aborted signal, an `AbortError`, says why only in its cause: that is the error then. */
function reasonIn({ owner }: Execution, thrown: unknown): unknown {
  const { abortReason } = owner.keeper
  const isPassedOn =
    abortReason !== undefined &&
    thrown instanceof Error &&
    thrown.name === 'AbortError' &&
    thrown.cause === abortReason
  return isPassedOn ? abortReason : thrown
}

/** The end that a body recorded itself: its caller gets the same as all who ask later. */
function resultOf(end: End): unknown {
  switch (end.how) {
    case 'completed':
      return end.result
    case 'failed':
      throw end.error
    case 'released':
      throw new HoldfastError(RELEASED.code, RELEASED.message)
  }
}

/** Records how a body failed. What the body threw is the caller's error, also when it cannot be recorded. */
async function recordFailure(execution: Execution, error: unknown): Promise<void> {
  const { owner } = execution
  if (owner.state.is === 'ended') return
  try {
    await execution.endUnfinished(error)
  } catch (unrecorded) {
    owner.abandon()
    const isNews = error === owner.keeper.abortReason || hasCode(error, 'LEASE_LOST')
    if (hasCode(unrecorded, 'LEASE_LOST') && isNews) throw await lostError(execution, unrecorded)
  }
}

/** The loss together with what the successor has recorded: what a caller of the lost attempt wants to know. */
async function lostError(
  execution: Execution,
  error: unknown,
  result?: unknown,
): Promise<ExecutionLostError> {
  const { executionId, fencingToken } = execution
  const known = error instanceof ExecutionLostError ? error : undefined
  const current = known?.current ?? (await execution.readCurrent().catch(() => null))
  const isTakenOver = current !== null && current.fencingToken > fencingToken
  const reason = isTakenOver ? 'takenOver' : (known?.reason ?? 'expired')
  return new ExecutionLostError(executionId, { reason, cause: known?.cause, current }, result)
}
