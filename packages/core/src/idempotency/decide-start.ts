import {
  type Retention,
  type Write,
  failed,
  isOver,
  leaseRemaining,
  leastAgeMs,
  restamped,
  write,
} from './decide.ts'
import type {
  CompletedRecord,
  EndedExecution,
  Executing,
  ExecutingRecord,
  ExecutionRecord,
  FailedRecord,
  StoredError,
  VersionedRecord,
} from './record.ts'

export interface StartCommand {
  /** Of the execution that this start would begin: fresh for each claim. */
  readonly executionId: string
  readonly policy: StartPolicy
  readonly fingerprint?: string | undefined
  readonly parentExecutionId?: string | undefined
  readonly instance?: string | undefined
  /** The ids with which this call has claimed the key before: a late copy of such a claim must start nothing. */
  readonly usedIds: readonly string[]
  /** This call has waited for an execution. */
  readonly hasWaited: boolean
  /** The time for which this call waits is over. */
  readonly isLate: boolean
}

/** The options of a job that decide what a start does. */
export interface StartPolicy extends Retention {
  readonly onInProgress: 'reject' | 'wait' | 'skip'
  readonly onCompleted: 'replay' | 'rerun'
  readonly onFailed: 'rerun' | 'replay'
  readonly onStalled: 'takeOver' | 'fail' | 'reject'
  readonly timeoutMs: number
}

/** `current` is the stored state that the decision is about. */
export type StartDecision =
  /** It is a start if the record is `executing`; else it records that a stalled execution has failed. */
  | Write<ExecutingRecord | FailedRecord>
  /** The storage has executed a claim of this very call once more: an execution that no body runs. */
  | { readonly type: 'alreadyStarted'; readonly current: Executing }
  /** It runs elsewhere, and the caller has time to wait. */
  | { readonly type: 'wait'; readonly current: Executing }
  /** It runs elsewhere, and the caller does not wait, or no longer. */
  | { readonly type: 'running'; readonly current: Executing }
  | { readonly type: 'replay'; readonly current: VersionedRecord<CompletedRecord> }
  | {
      readonly type: 'failedBefore'
      readonly current: VersionedRecord<FailedRecord>
      /** How many milliseconds the failure still keeps others away. */
      readonly retryAfterMs?: number
    }
  /** The key is stored with another fingerprint. */
  | { readonly type: 'mismatch'; readonly current: VersionedRecord }

/** What a call to start a job does about the state that the storage holds. A caller waits while it decides `wait`. */
export function decideStart(
  current: VersionedRecord | null,
  now: number,
  command: StartCommand,
): StartDecision {
  if (current === null) return start(command, 1)
  const { record } = current
  if (record.status === 'executing' && isOwnClaim(record, command)) {
    return { type: 'alreadyStarted', current: { ...current, record } }
  }
  // Before anything else, and in every state: the same key with other input writes nothing.
  if (isMismatch(record.fingerprint, command.fingerprint)) return { type: 'mismatch', current }
  switch (record.status) {
    case 'executing':
      return overExecuting({ ...current, record }, now, command)
    case 'completed':
      return overCompleted({ ...current, record }, now, command)
    case 'failed':
      return record.released
        ? start(command, record.attempt, record)
        : overFailed({ ...current, record }, now, command)
  }
}

function overExecuting(current: Executing, now: number, command: StartCommand): StartDecision {
  const { record } = current
  const { onInProgress, onStalled, maxAttempts } = command.policy
  const stalled = leaseRemaining(record, current, now) === 0
  if (!stalled || onStalled === 'reject') {
    return { type: onInProgress === 'wait' && !command.isLate ? 'wait' : 'running', current }
  }
  return onStalled === 'takeOver' && record.attempt < maxAttempts
    ? start(command, record.attempt + 1, record)
    : write(stalledOut(current), command.policy)
}

function overCompleted(
  current: VersionedRecord<CompletedRecord>,
  now: number,
  command: StartCommand,
): StartDecision {
  const { onCompleted, completedWindowMs } = command.policy
  const isRecent = leastAgeMs(current, now) < completedWindowMs
  return onCompleted === 'replay' && isRecent
    ? { type: 'replay', current }
    : start(command, 1, current.record)
}

function overFailed(
  current: VersionedRecord<FailedRecord>,
  now: number,
  command: StartCommand,
): StartDecision {
  const { record } = current
  const { onFailed, maxAttempts } = command.policy
  // After a cancellation, callers that waited for the job must not restart it.
  const isCancelled = command.hasWaited && record.cancelRequested !== undefined
  if (record.final || record.attempt >= maxAttempts || onFailed === 'replay' || isCancelled) {
    return { type: 'failedBefore', current }
  }
  // The storage's clock may have been set back since: the failure then keeps no caller away for longer than it asked for.
  const retryAfterMs = Math.max(0, (record.retryAfterMs ?? 0) - leastAgeMs(current, now))
  if (retryAfterMs > 0) return { type: 'failedBefore', current, retryAfterMs }
  return start(command, record.attempt + 1, record)
}

function start(command: StartCommand, attempt: number, before?: ExecutionRecord): Write<ExecutingRecord> {
  const { executionId, policy, fingerprint, parentExecutionId, instance } = command
  const previous = before === undefined ? undefined : endedExecution(before)
  const record: ExecutingRecord = {
    v: 1,
    executionId,
    attempt,
    fingerprint,
    parentExecutionId,
    previous,
    instance,
    status: 'executing',
    leaseMs: policy.leaseMs,
    timeoutMs: policy.timeoutMs,
    checkpoint: before?.status === 'completed' ? undefined : before?.checkpoint,
    cancelRequested: before === undefined ? undefined : unansweredCancel(before),
  }
  return write(record, policy)
}

/** A failure has answered the request: a later start means the job to run. */
function unansweredCancel(before: ExecutionRecord): string | undefined {
  return before.status === 'completed' || isOver(before) ? undefined : before.cancelRequested
}

function endedExecution({ executionId, status }: ExecutionRecord): EndedExecution | undefined {
  return status === 'executing' ? undefined : { executionId, status }
}

function stalledOut(current: Executing): FailedRecord {
  const error: StoredError = {
    name: 'ExecutionStalledError',
    code: 'EXECUTION_STALLED',
    message: `Attempt ${current.record.attempt} stopped answering for longer than its lease.`,
  }
  return failed(restamped(current.record, current), { error, final: true })
}

function isOwnClaim({ executionId }: ExecutingRecord, command: StartCommand): boolean {
  return executionId === command.executionId || command.usedIds.includes(executionId)
}

function isMismatch(stored: string | undefined, given: string | undefined): boolean {
  return stored !== undefined && given !== undefined && stored !== given
}
