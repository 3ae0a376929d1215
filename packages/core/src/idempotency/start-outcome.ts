import type { StartDecision } from './decide-start.ts'
import type { Replay } from './events.ts'
import type { Execution } from './execution.ts'
import type { Body, ExecutionContext } from './execution-context.ts'
import type { JobKey } from './job-key.ts'
import type { AnyStartOptions, ResolvedOptions } from './options.ts'
import { snapshotOf } from './snapshot.ts'
import type { ExecutionSnapshot } from './record.ts'
import type { StartReport } from './start-report.ts'
import { reviveError } from './stored-error.ts'
import { loadReference } from './stored-values.ts'

/** What `begin` resolves with: an execution to carry out, or why there is none. */
export type BeginOutcome =
  | { readonly status: 'started'; readonly execution: ExecutionContext }
  /** `snapshot.leaseRemainingMs` says how long its owner may stay silent before it is taken over. */
  | { readonly status: 'inProgress'; readonly snapshot: ExecutionSnapshot }
  /** `result` is undefined when `snapshot.resultOmitted` says that it was not kept. */
  | {
      readonly status: 'replayed'
      readonly snapshot: ExecutionSnapshot
      readonly result: unknown
      readonly replay: Replay
    }
  | {
      readonly status: 'failedBefore'
      readonly snapshot: ExecutionSnapshot
      readonly error: Error
      /** Set when the failure keeps others away for a while: milliseconds until then. */
      readonly retryAfterMs?: number | undefined
    }
  | { readonly status: 'mismatch'; readonly snapshot: ExecutionSnapshot }

/** {@link BeginOutcome} with the execution as this package knows it. */
export type StartOutcome = { readonly status: 'started'; readonly execution: Execution } | NotStarted

export type NotStarted = Exclude<BeginOutcome, { status: 'started' }>

/** This call ran the body, and so it ended. */
export interface Executed<R> {
  readonly status: 'executed'
  readonly result: R
  readonly executionId: string
  readonly attempt: number
}

/** What a call answers that runs the body as well. */
export type Attempt<R> = Executed<R> | NotStarted

export interface Attempts {
  /** Runs the body, or says by a value why it does not. */
  attempt<R>(job: JobKey, start: AnyStartOptions, body: Body<R>): Promise<Attempt<R>>
}

/** What a start that started nothing answers. At once, unless the result has to be loaded from elsewhere. */
export function outcomeOf(
  report: StartReport,
  resolved: ResolvedOptions,
  decision: Exclude<StartDecision, { readonly type: 'write' | 'alreadyStarted' | 'wait' }>,
  now: number,
): StartOutcome | Promise<StartOutcome> {
  const snapshot = snapshotOf(report.job, decision.current, now, resolved.codec)
  switch (decision.type) {
    case 'running':
      report.answered(snapshot, { type: 'inProgress' })
      return { status: 'inProgress', snapshot }
    case 'replay': {
      const replay = report.replayOf(snapshot.executionId)
      report.answered(snapshot, { type: 'replayed', replay })
      const { result } = snapshot
      const isReference = decision.current.record.result.kind === 'reference'
      if (!isReference || snapshot.resultOmitted !== null) {
        return { status: 'replayed', snapshot, result, replay }
      }
      return loadReference(result, resolved).then((loaded) => ({
        status: 'replayed',
        snapshot,
        result: loaded,
        replay,
      }))
    }
    case 'failedBefore': {
      const error = reviveError(decision.current.record.error)
      report.answered(snapshot, { type: 'failedBefore', error })
      return { status: 'failedBefore', snapshot, error, retryAfterMs: decision.retryAfterMs }
    }
    case 'mismatch':
      report.answered(snapshot, { type: 'mismatch' })
      return { status: 'mismatch', snapshot }
  }
}
