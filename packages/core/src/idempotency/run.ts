import { HoldfastError, InvalidArgumentError, hasCode } from '../errors.ts'
import type { Indexed, DenseSet } from '../support/dense-set.ts'
import { enter } from '../support/call-chain.ts'
import { RELEASED } from './decide-owner.ts'
import { type StartDeps, startExecution } from './start.ts'
import type { BeginOutcome, StartOutcome } from './start-outcome.ts'
import {
  ExecutionInProgressError,
  ExecutionLostError,
  FingerprintMismatchError,
  ResultNotStoredError,
} from './errors.ts'
import { type Replay, runs } from './events.ts'
import type { Ended, Execution } from './execution.ts'
import type { JobKey } from './job-key.ts'
import type { ExecutionContext } from './execution-context.ts'
import { asRecorded } from './recorded-failure.ts'
import type { AnyStartOptions, ResolvedOptions } from './options.ts'
import type { ExecutionSnapshot } from './snapshot.ts'

export type Body<R> = (execution: ExecutionContext) => R | Promise<R>

export interface RunResult<R> {
  /** Whether this call ran the body, or got what an earlier one returned. */
  readonly status: 'executed' | 'replayed'
  readonly result: R
  readonly executionId: string
  readonly attempt: number
  /**
   * How a replayed result was had: `stored`: it was there; `waited`: after a wait for another process; `joined`: after a
   * wait for an execution of this process. Absent when this call ran the body.
   */
  readonly replay?: Replay
}

/** What a call with `onInProgress: 'skip'` has when the job runs elsewhere: nothing was done. */
export interface Skipped {
  readonly status: 'skipped'
  /** Of the execution that runs. */
  readonly snapshot: ExecutionSnapshot
}

/** This call ran the body, and so it ended. */
interface Executed<R> extends Omit<RunResult<R>, 'replay'> {
  readonly status: 'executed'
}

type NotStarted = Exclude<BeginOutcome, { readonly status: 'started' }>

/** The ways to start, as they are the same for the instance and for a defined job. */
export interface StartMethods {
  /** Runs the body, or says by a value why it does not. */
  attempt<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<Executed<R> | NotStarted>
  run<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<RunResult<R> | Skipped>
  begin(job: JobKey, start: AnyStartOptions): Promise<BeginOutcome>
  tryStartExecution(job: JobKey, start: AnyStartOptions): Promise<ExecutionContext | null>
}

/** A body that is running; `settled` when its end is recorded, or cannot be. */
export interface RunningBody extends Indexed {
  readonly settled: Promise<unknown>
}

/** `bodies`: those that are running, for whoever has to wait for them. */
export function startMethods(
  deps: StartDeps,
  bodies: DenseSet<RunningBody>,
  resolve: (start: AnyStartOptions) => ResolvedOptions,
): StartMethods {
  const begin = (job: JobKey, start: AnyStartOptions): Promise<StartOutcome> =>
    startExecution(deps, job, start, resolve(start))

  const attempt = async <R>(
    job: JobKey,
    start: AnyStartOptions,
    body: Body<R>,
  ): Promise<Executed<R> | NotStarted> => {
    const begun = await begin(job, start)
    if (begun.status !== 'started') return begun
    const { execution } = begun
    const settled = settle(execution, body)
    const running: RunningBody = { index: -1, settled }
    bodies.add(running)
    try {
      const { executionId, attempt: number } = execution
      return { status: 'executed', result: await settled, executionId, attempt: number }
    } finally {
      bodies.delete(running)
    }
  }

  const run = async <R>(
    job: JobKey,
    start: AnyStartOptions,
    body: Body<R>,
  ): Promise<RunResult<R> | Skipped> => {
    const outcome = await attempt(job, start, body)
    switch (outcome.status) {
      case 'executed':
        return outcome
      case 'replayed': {
        const { snapshot, result, replay } = outcome
        if (snapshot.resultOmitted !== null) throw new ResultNotStoredError(snapshot)
        const { executionId, attempt: number } = snapshot
        return { status: 'replayed', result: result as R, executionId, attempt: number, replay }
      }
      case 'inProgress':
        if (start.onInProgress === 'skip') return { status: 'skipped', snapshot: outcome.snapshot }
        throw new ExecutionInProgressError(outcome.snapshot)
      case 'mismatch':
        throw new FingerprintMismatchError(outcome.snapshot)
      case 'failedBefore':
        throw asRecorded(outcome)
    }
  }

  return {
    begin,
    attempt,

    async run<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<RunResult<R> | Skipped> {
      if (typeof body !== 'function') {
        throw new InvalidArgumentError('run needs its body as the last argument: a function.')
      }
      if (!runs.traced) return run(job, start, body)
      const { jobType, jobKey } = job
      return runs.trace({ jobType, jobKey }, () => run(job, start, body))
    },

    async tryStartExecution(job: JobKey, start: AnyStartOptions): Promise<ExecutionContext | null> {
      const begun = await begin(job, start)
      switch (begun.status) {
        case 'started':
          return begun.execution
        case 'inProgress':
        case 'replayed':
          return null
        case 'mismatch':
          throw new FingerprintMismatchError(begun.snapshot)
        case 'failedBefore':
          throw asRecorded(begun)
      }
    },
  }
}

/** Runs the body and records how it ended. */
async function settle<R>(execution: Execution, body: Body<R>): Promise<R> {
  let result: R
  try {
    result = await enter(execution, () => body(execution))
  } catch (error) {
    await recordFailure(execution, error)
    throw error
  }
  // A body may record its end itself, and not wait for that, or not mind that it was not confirmed.
  if (execution.busy !== undefined) await execution.busy
  if (execution.ended !== undefined) return endedBy(execution.ended) as R
  if (execution.unconfirmed !== undefined) result = execution.unconfirmed.result as R
  try {
    await execution.markSuccess(result)
  } catch (error) {
    if (hasCode(error, 'LEASE_LOST')) throw await lostError(execution, error, result)
    // The result was refused before anything was sent: it would be refused again. (A success that was not confirmed
    // stays one: markFailure refuses to make it a failure.)
    await execution.markFailure(error, { final: true }).catch(() => execution.ownership.stop())
    throw error
  }
  return result
}

/** What a body that recorded its end itself has told: the same to its caller as to all who ask later. */
function endedBy(ended: Ended): unknown {
  switch (ended.how) {
    case 'completed':
      return ended.result
    case 'failed':
      throw ended.error
    case 'released':
      throw new HoldfastError(RELEASED.code, RELEASED.message)
  }
}

/** Records how a body failed. What the body threw is the caller's error, whatever becomes of the record. */
async function recordFailure(execution: Execution, error: unknown): Promise<void> {
  if (execution.ended !== undefined) return
  try {
    if (execution.ownership.isInterrupted) await execution.release()
    else await execution.markFailure(error)
  } catch (unrecorded) {
    execution.ownership.stop()
    const isNews = error === execution.ownership.abortReason || hasCode(error, 'LEASE_LOST')
    if (hasCode(unrecorded, 'LEASE_LOST') && isNews) throw await lostError(execution, unrecorded)
  }
}

/** The loss together with what the successor has recorded: what a caller of the lost attempt wants to know. */
async function lostError(
  execution: Execution,
  error: unknown,
  result?: unknown,
): Promise<ExecutionLostError> {
  const { executionId, ownership } = execution
  const told = error instanceof ExecutionLostError ? error : undefined
  const current = told?.current ?? (await ownership.readCurrent().catch(() => null))
  const isTakenOver = current !== null && current.fencingToken > execution.fencingToken
  const reason = isTakenOver ? 'takenOver' : (told?.reason ?? 'expired')
  return new ExecutionLostError(executionId, { reason, cause: told?.cause, current }, result)
}
