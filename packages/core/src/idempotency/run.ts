// A job begins: `startExecution` of `start.ts` gets the execution, and `run-body.ts` calls the body with it.

import { InvalidArgumentError } from '../errors.ts'
import type { Indexed, DenseSet } from '../support/dense-set.ts'
import { ExecutionInProgressError, FingerprintMismatchError, ResultNotStoredError } from './errors.ts'
import { type Replay, runs } from './events.ts'
import type { ExecutionContext } from './execution-context.ts'
import type { JobKey } from './job-key.ts'
import type { AnyStartOptions, ResolvedOptions } from './options.ts'
import { asRecorded } from './recorded-failure.ts'
import { type Body, runBody } from './run-body.ts'
import { whyUnreadable } from './snapshot.ts'
import type { ExecutionSnapshot } from './record.ts'
import { type StartDeps, startExecution } from './start.ts'
import type { BeginOutcome, StartOutcome } from './start-outcome.ts'

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

/** This call ran the body, and so it ended. */
interface Executed<R> extends Omit<RunResult<R>, 'replay'> {
  readonly status: 'executed'
}

type NotStarted = Exclude<BeginOutcome, { readonly status: 'started' }>

/** A body that is running; `settled` when its end is recorded, or cannot be. */
export interface RunningBody extends Indexed {
  readonly settled: Promise<unknown>
}

/** The ways to start a job, with the options of an instance or of a defined job. */
export class JobRunner {
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
    return startExecution(this.#deps, job, start, this.#resolve(start))
  }

  /** Runs the body, or says by a value why it does not. */
  async attempt<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<Executed<R> | NotStarted> {
    const begun = await startExecution(this.#deps, job, start, this.#resolve(start))
    if (begun.status !== 'started') return begun
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

  async run<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<RunResult<R> | Skipped> {
    if (typeof body !== 'function') {
      throw new InvalidArgumentError('run needs its body as the last argument: a function.')
    }
    if (!runs.traced) return this.#run(job, start, body)
    const { jobType, jobKey } = job
    return runs.trace({ jobType, jobKey }, () => this.#run(job, start, body))
  }

  async tryStartExecution(job: JobKey, start: AnyStartOptions): Promise<ExecutionContext | null> {
    const begun = await this.begin(job, start)
    if (begun.status === 'started') return begun.execution
    if (begun.status === 'inProgress' || begun.status === 'replayed') return null
    throw refusal(begun)
  }

  async #run<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<RunResult<R> | Skipped> {
    const outcome = await this.attempt(job, start, body)
    if (outcome.status === 'executed') return outcome
    const { snapshot } = outcome
    if (outcome.status === 'replayed') {
      if (snapshot.resultOmitted !== null) throw new ResultNotStoredError(snapshot, whyUnreadable(snapshot))
      const { executionId, attempt } = snapshot
      const { result, replay } = outcome
      return { status: 'replayed', result: result as R, executionId, attempt, replay }
    }
    if (outcome.status !== 'inProgress') throw refusal(outcome)
    if (start.onInProgress === 'skip') return { status: 'skipped', snapshot }
    throw new ExecutionInProgressError(snapshot)
  }
}

function refusal(outcome: Extract<BeginOutcome, { readonly status: 'mismatch' | 'failedBefore' }>): Error {
  return outcome.status === 'mismatch' ? new FingerprintMismatchError(outcome.snapshot) : asRecorded(outcome)
}
