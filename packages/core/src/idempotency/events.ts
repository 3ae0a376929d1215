import { type EventChannel, type TracedOperation, eventChannel, tracedOperation } from '../events.ts'
import type { Runtime } from '../support/runtime.ts'
import type { LossReason } from './errors.ts'
import type { ExecutionSnapshot, ResultOmission } from './record.ts'

/** Published on `holdfast:idempotency`. */
export type IdempotencyEvent = {
  /** The type of the job, as it was given. */
  readonly jobType: string
  /** The key of the job, as it was given. */
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
  /** The success is recorded. The members say why its result was not kept, as in snapshots; absent when it was. */
  | ({ readonly type: 'completed' } & Partial<ResultOmission>)
  /** The owner gave the job up unfinished; the next start continues it. */
  | { readonly type: 'released' }
  /** `failed`: the failure is recorded. `unconfirmed`: the body succeeded, but that may not be recorded. */
  | { readonly type: 'failed' | 'unconfirmed'; readonly error: unknown }
  /** The lease lasts for `remainingMs` from now on. `lagMs`: from when the renewal was due until it was acknowledged, failed attempts included. */
  | { readonly type: 'renewed'; readonly lagMs: number; readonly remainingMs: number }
  /** A renewal has failed: the next ones are tried until the lease may be over, in `remainingMs`. */
  | { readonly type: 'renewalFailed'; readonly error: unknown; readonly remainingMs: number }
  /** It is no longer this process's, or may not be: its signal is aborted. `by`: what is stored instead, as far as that is known. */
  | {
      readonly type: 'lost'
      readonly reason: LossReason
      readonly error: unknown
      readonly by?: Successor | undefined
    }
  /** Its end could not be recorded, or the instance was closed while it ran: its record is left to its lease. */
  | { readonly type: 'abandoned' }

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
  /** This process runs the job now. `takenOverFrom`: the execution whose owner was silent for its whole lease, and what that owner calls itself. */
  | {
      readonly type: 'started'
      readonly attempt: number
      readonly fencingToken: number
      readonly takenOverFrom?: string | undefined
      readonly takenOverFromInstance?: string | undefined
    }
  /** The call got the recorded result. */
  | { readonly type: 'replayed'; readonly replay: Replay }
  /** The call got the recorded failure. */
  | { readonly type: 'failedBefore'; readonly error: unknown }
  /** `inProgress`: the job runs elsewhere, and the call does not wait. `mismatch`: the key was used with other input. */
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
  /** What the hook `traceContext.inject` returned, or threw, was not stored with this execution. */
  | { readonly type: 'traceContextDropped'; readonly reason: TraceContextProblem; readonly error?: unknown }

/** `tooLong`: more than 512 bytes; `notText`: no string; `failed`: the hook threw. */
export type TraceContextProblem = 'tooLong' | 'notText' | 'failed'

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

/** What the tracing channel `holdfast:idempotency.body` says of a body, and hooks learn of an execution. */
export interface TracedExecution extends TracedJob {
  readonly executionId: string
  readonly attempt: number
}

export const runs: TracedOperation<TracedJob> = tracedOperation('idempotency.run')
/** Of `begin` and `tryStartExecution`, until they have their outcome: what has started goes on. */
export const begins: TracedOperation<TracedJob> = tracedOperation('idempotency.begin')
/** Of the body that `run` or `oncePerSlot` runs. (`@holdfast/http` publishes the `start` of a handler.) */
export const bodies: TracedOperation<TracedExecution> = tracedOperation('idempotency.body')
export const waits: TracedOperation<TracedJob> = tracedOperation('idempotency.waitForCompletion')

const executions: EventChannel<IdempotencyEvent> = eventChannel('holdfast:idempotency')

/** Publishes what happens to an execution of the job, or to a call that met it. */
export function publish(
  { jobType, jobKey }: TracedJob,
  {
    executionId,
    instance = null,
  }: { readonly executionId: string; readonly instance?: string | null | undefined },
  runtime: Runtime,
  event: () => (OwnersEvent & Owner) | StartersEvent,
): void {
  executions.publish(() => ({ jobType, jobKey, executionId, at: runtime.wallNow(), instance, ...event() }))
}
