import { HoldfastError, LeaseLostError } from '../errors.ts'
import type { ExecutionSnapshot } from './record.ts'

/** `EXECUTION_IN_PROGRESS`: the job runs elsewhere, and the policy was not to wait, or the wait is over. */
export class ExecutionInProgressError extends HoldfastError {
  readonly snapshot: ExecutionSnapshot

  /** `waited`: the caller has waited until its time was over. */
  constructor(snapshot: ExecutionSnapshot, waited: boolean = false) {
    const { jobType, jobKey, executionId, released, stalled, leaseRemainingMs } = snapshot
    const { instance, attempt, startTime } = snapshot
    const lease = stalled
      ? 'its owner has not renewed its lease, which is over'
      : `its lease expires in ${leaseRemainingMs} ms`
    const by = instance === null ? '' : ` by ${instance}`
    const on = instance === null ? '' : ` on ${instance}`
    const state = released
      ? `was released unfinished${by} (${executionId}), and no process has resumed it yet`
      : `is in progress${on} since ${startTime.toISOString()} (${executionId}, attempt ${attempt}); ${lease}`
    const publicMessage = `${jobType} ${jobKey} is in progress.`
    super('EXECUTION_IN_PROGRESS', `${jobType} ${jobKey} ${state}. ${adviceFor(snapshot, waited)}`, {
      publicMessage,
    })
    this.snapshot = snapshot
  }
}

function adviceFor({ released, stalled }: ExecutionSnapshot, waited: boolean): string {
  if (released) return 'Start the job to continue it.'
  if (stalled) return "Start the job with onStalled: 'takeOver' to continue it."
  if (waited) return 'The wait is over: call again, or allow a longer waitMs.'
  return "Call again later, or wait for it with onInProgress: 'wait'."
}

/** `FINGERPRINT_MISMATCH`: the same job key was used with other input. Nothing was written. */
export class FingerprintMismatchError extends HoldfastError {
  readonly snapshot: ExecutionSnapshot

  constructor(snapshot: ExecutionSnapshot) {
    const { jobType, jobKey } = snapshot
    super(
      'FINGERPRINT_MISMATCH',
      `${jobType} ${jobKey} was used with other input before; use another key for this input.`,
    )
    this.snapshot = snapshot
  }
}

/**
 * Why an execution is no longer its owner's, or may be.
 *
 * - `outage`: the storage could not be reached until the lease may be over; `cause` is its last error.
 * - `expired`: it was not renewed in time although the storage was not known to be out of reach: the process stood still,
 *   or had stopped to renew it, because of its `timeoutMs` or because the instance was closed (`cause`).
 * - `takenOver`: another execution of the job has started; `current` says which, by which instance, and since when.
 * - `ended`: another process has recorded its end, because it was silent for its whole lease (`onStalled: 'fail'`).
 * - `forgotten`: `forget` has removed it.
 * - `vanished`: the storage does not know it any more, although no call removed it: FLUSHALL, eviction, a restart without
 *   persistence, or a failover that lost writes.
 */
export type LossReason = 'outage' | 'expired' | 'takenOver' | 'ended' | 'forgotten' | 'vanished'

export interface Loss {
  readonly reason: LossReason
  readonly cause?: unknown
  /** What is stored instead. */
  readonly current: ExecutionSnapshot | null
}

/**
 * `LEASE_LOST`: this attempt is no longer the owner, or may not be; its write was refused and changed nothing. `reason`
 * says why, and `cause` what led to it, if that is known. `current` is the state that the successor has recorded so far,
 * null when nothing is stored any more or the storage could not be asked. `result` is the value that the body of this
 * attempt returned, if it did: it is recorded nowhere.
 */
export class ExecutionLostError extends LeaseLostError {
  readonly executionId: string
  readonly reason: LossReason
  readonly current: ExecutionSnapshot | null
  readonly result: unknown

  constructor(executionId: string, loss: Loss, result?: unknown) {
    const { reason, cause, current } = loss
    const publicMessage = `Execution ${executionId} lost its lease.`
    const options = cause === undefined ? { publicMessage } : { publicMessage, cause }
    super(`Execution ${executionId} lost its lease: ${describeLoss(loss)}`, options)
    this.executionId = executionId
    this.reason = reason
    this.current = current
    this.result = result
  }
}

/**
 * `COMPLETION_UNCONFIRMED`: the body succeeded, but the storage did not confirm that its success is recorded. It may
 * be. `result` is what the body returned.
 */
export class CompletionUnconfirmedError extends HoldfastError {
  readonly executionId: string
  readonly result: unknown

  constructor(executionId: string, result: unknown, options: ErrorOptions) {
    super(
      'COMPLETION_UNCONFIRMED',
      `Execution ${executionId} succeeded, but the storage did not confirm that this is recorded; the job may run again after its lease.`,
      options,
    )
    this.executionId = executionId
    this.result = result
  }
}

/** `RESULT_TOO_LARGE`: the result exceeds `maxResultBytes` and the policy is `throw`. */
export class ResultTooLargeError extends HoldfastError {
  constructor(bytes: number, maxBytes: number) {
    super(
      'RESULT_TOO_LARGE',
      `The result takes ${bytes} bytes; ${maxBytes} are allowed. Return a reference, raise maxResultBytes, or choose onResultTooLarge: 'tombstone'.`,
    )
  }
}

/** `CHECKPOINT_TOO_LARGE`: the checkpoint exceeds `maxCheckpointBytes`; the one before it is still there. */
export class CheckpointTooLargeError extends HoldfastError {
  constructor(bytes: number, maxBytes: number) {
    super(
      'CHECKPOINT_TOO_LARGE',
      `The checkpoint takes ${bytes} bytes; ${maxBytes} are allowed, because every renewal carries it. Save a reference, or raise maxCheckpointBytes.`,
    )
  }
}

/**
 * `RESULT_NOT_STORED`: the job completed, but its result was not kept, or could not be read here (`cause` is what the
 * codec threw then), so it cannot be replayed. It is not run again.
 */
export class ResultNotStoredError extends HoldfastError {
  readonly snapshot: ExecutionSnapshot

  constructor(snapshot: ExecutionSnapshot, cause?: unknown) {
    const { jobType, jobKey, resultOmitted, resultProblem } = snapshot
    const unread = resultOmitted === 'unreadable'
    const what = unread ? 'cannot be read with this codec' : `was not stored (${resultOmitted})`
    const why = resultProblem === null ? '' : `: ${resultProblem.replace(/\.$/, '')}`
    const advice = `The job does not run again. ${unread ? 'Read it with the codec that wrote it' : 'Get the result from where the job put it'}, or call forget() to let the job run again.`
    const options = unread ? { cause } : undefined
    super(
      'RESULT_NOT_STORED',
      `${jobType} ${jobKey} completed, but its result ${what}${why}. ${advice}`,
      options,
    )
    this.snapshot = snapshot
  }
}

/** `EXECUTION_TIMEOUT`: the reason of the signal when the execution ran longer than `timeoutMs`. */
export class ExecutionTimeoutError extends HoldfastError {
  constructor(timeoutMs: number) {
    super(
      'EXECUTION_TIMEOUT',
      `The execution ran longer than its timeoutMs, ${timeoutMs} ms. Raise it, or call extendTimeout().`,
    )
  }
}

/** `EXECUTION_CANCELLED`: the reason of the signal after a call of `requestCancel`; the message is that call's reason. */
export class ExecutionCancelledError extends HoldfastError {
  constructor(reason: string) {
    super('EXECUTION_CANCELLED', reason)
  }
}

/** `EXECUTION_ABANDONED`: recorded of an execution that was disposed of without success or failure. */
export class ExecutionAbandonedError extends HoldfastError {
  constructor() {
    super('EXECUTION_ABANDONED', 'The execution was disposed of without markSuccess or markFailure.')
  }
}

function describeLoss({ reason, current }: Loss): string {
  switch (reason) {
    case 'outage':
      return `the storage could not be reached for its whole lease${now(current)}.`
    case 'expired':
      return `it was not renewed in time${now(current)}.`
    case 'takenOver':
      return `another execution has taken over${now(current)}.`
    case 'ended':
      return `it was silent for its whole lease, and another process recorded that${now(current)}.`
    case 'forgotten':
      return 'it was forgotten: its record was removed.'
    case 'vanished':
      return `its record vanished from the storage (FLUSHALL, eviction, a restart or a failover)${now(current)}.`
  }
}

function now(current: ExecutionSnapshot | null): string {
  if (current === null) return ''
  const { executionId, attempt, instance, status, startTime } = current
  const by = instance === null ? '' : ` of ${instance}`
  return `: now ${executionId}${by} (attempt ${attempt}, started ${startTime.toISOString()}) is ${status}`
}
