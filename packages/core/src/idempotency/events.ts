import { type EventChannel, type TracedOperation, eventChannel, tracedOperation } from '../events.ts'
import type { LossReason } from './errors.ts'
import type { ExecutionSnapshot, ResultOmission } from './record.ts'

/** Published on `holdfast:idempotency`. */
export type IdempotencyEvent = {
  readonly jobType: string
  readonly jobKey: string
  /** The execution that the event is about: one of this process, or the one that it met. */
  readonly executionId: string
  /** When it happened, by the wall clock of this process: milliseconds since 1970. */
  readonly at: number
  /** The instance that runs or ran the execution, as it calls itself; null when its record does not say. */
  readonly instance: string | null
} & ((OwnersEvent & Owner) | StartersEvent)

/** The members of every event about an execution of this process. */
interface Owner {
  readonly attempt: number
  readonly fencingToken: number
  /** Since it started. */
  readonly ranMs: number
}

/** Events about an execution of this process. */
export type OwnersEvent =
  /** Why the result was not kept, as in snapshots; absent when it was. */
  | ({ readonly type: 'completed' } & Partial<ResultOmission>)
  | { readonly type: 'released' }
  /** `unconfirmed`: succeeded, but it may not be recorded. */
  | { readonly type: 'failed' | 'unconfirmed'; readonly error: unknown }
  /** A renewal has failed: the next ones are tried until the lease may be over, in `remainingMs`. */
  | { readonly type: 'renewalFailed'; readonly error: unknown; readonly remainingMs: number }
  /** `by`: what is stored instead, as far as that is known. */
  | {
      readonly type: 'lost'
      readonly reason: LossReason
      readonly error: unknown
      readonly by?: Successor | undefined
    }

export interface Successor {
  readonly executionId: string
  readonly instance: string | null
  readonly attempt: number
  /** When it started, by the storage's clock: milliseconds since 1970. */
  readonly since: number
}

export function successorIn({ executionId, instance, attempt, startTime }: ExecutionSnapshot): Successor {
  return { executionId, instance, attempt, since: startTime.getTime() }
}

/** Events about a call that starts, or would start, an execution. */
export type StartersEvent =
  /** `takenOverFrom`: the execution whose owner was silent for its whole lease, and what that owner calls itself. */
  | {
      readonly type: 'started'
      readonly attempt: number
      readonly fencingToken: number
      readonly takenOverFrom?: string | undefined
      readonly takenOverFromInstance?: string | undefined
    }
  | { readonly type: 'replayed'; readonly replay: Replay }
  | { readonly type: 'failedBefore'; readonly error: unknown }
  | { readonly type: 'inProgress' | 'mismatch' }
  /** The call waits for this execution from now on. */
  | { readonly type: 'waiting'; readonly leaseRemainingMs: number }
  /** The wait is over. `error` when the call failed. */
  | {
      readonly type: 'waited'
      readonly waitedMs: number
      readonly outcome: WaitOutcome
      readonly error?: unknown
    }

/**
 * Where a replayed result came from. `stored`: it was there; `waited`: after a wait for another process; `joined`: after
 * a wait for an execution of this process.
 */
export type Replay = 'stored' | 'waited' | 'joined'

/** How a wait ended. `started`: the caller runs the job now; `failed`: the call failed for another reason. */
export type WaitOutcome =
  | 'started'
  | 'replayed'
  | 'joined'
  | 'failedBefore'
  | 'mismatch'
  | 'timedOut'
  | 'aborted'
  | 'storageUnavailable'
  | 'closed'
  | 'failed'

/** What the tracing channels `holdfast:idempotency.run` (also of `oncePerSlot`) and `holdfast:idempotency.waitForCompletion` say of a call. */
export interface TracedJob {
  readonly jobType: string
  readonly jobKey: string
}

export const runs: TracedOperation<TracedJob> = tracedOperation('idempotency.run')
export const waits: TracedOperation<TracedJob> = tracedOperation('idempotency.waitForCompletion')

export const executions: EventChannel<IdempotencyEvent> = eventChannel('holdfast:idempotency')
