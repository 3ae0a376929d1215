import type {
  CompletedRecord,
  Current,
  EndedExecution,
  ExecutingRecord,
  ExecutionIdentity,
  ExecutionRecord,
  FailedRecord,
  Progress,
  StoredError,
  StoredResult,
} from './record.ts'
import { startOf } from './record.ts'

/**
 * The whole idempotency policy as one pure function of what is stored, the storage's clock and a command.
 *
 * ```
 *   absent ──begin──► executing ──complete──► completed ──begin, window over──► executing
 *                      │  ▲  │ └──fail─────► failed ──begin, onFailed 'rerun'──► executing (attempt + 1)
 *                      │  │  └────release──► failed, released ──begin──► executing (same attempt)
 *                      │  │  └────release, unbind, first attempt──► absent
 *                      │  └─ renew, progress, checkpoint, extend, requestCancel
 *                      └─ no write for leaseMs (stalled) ──begin──► executing (attempt + 1, checkpoint) | failed
 * ```
 *
 * A request to cancel is for the job as it runs, not for one process: whoever takes it over, or goes on with what was
 * given back, finds it, until the job has completed or failed.
 *
 * `stalled` and `recent` are not stored: they are derived here from `now` and the storage's stamp, so no reaper is
 * needed. Commands of an owner carry its `executionId`; for anybody else's record they decide `lost`.
 */
export function decide(current: Current | null, now: number, command: Command): Decision {
  switch (command.type) {
    case 'begin':
      return begin(current, now, command)
    case 'requestCancel':
      return requestCancel(current, now, command)
    case 'update':
    case 'complete':
    case 'fail':
    case 'release':
      return ownersWrite(current, command)
  }
}

export type Command = BeginCommand | OwnerCommand | RequestCancelCommand

export interface BeginCommand {
  readonly type: 'begin'
  readonly executionId: string
  readonly policy: BeginPolicy
  readonly leaseMs: number
  readonly timeoutMs: number
  /** How long the storage keeps the record of a running execution: its attempt count outlives a crash. */
  readonly ttlMs: number
  readonly failedTtlMs: number
  readonly fingerprint?: string | undefined
  readonly parentExecutionId?: string | undefined
  readonly instance?: string | undefined
}

export interface BeginPolicy {
  readonly onCompleted: 'replay' | 'rerun'
  readonly completedWindowMs: number
  readonly onFailed: 'rerun' | 'replay'
  readonly onStalled: 'takeOver' | 'fail' | 'reject'
  readonly maxAttempts: number
}

export type OwnerCommand = { readonly executionId: string; readonly ttlMs: number } & (
  | { readonly type: 'update'; readonly change: OwnerChange }
  | { readonly type: 'complete'; readonly result: StoredResult; readonly progress?: Progress | undefined }
  | {
      readonly type: 'fail'
      readonly error: StoredError
      readonly final: boolean
      readonly retryAfterMs?: number | undefined
      readonly progress?: Progress | undefined
    }
  /** `unbind`: the body never began, so nothing is left of a first attempt, the fingerprint included. */
  | { readonly type: 'release'; readonly unbind?: boolean; readonly progress?: Progress | undefined }
)

/** What the owner wants to be stored, absent members left as they are; every such write also renews the lease. */
export interface OwnerChange {
  readonly leaseMs?: number | undefined
  readonly timeoutMs?: number | undefined
  readonly progress?: Progress | undefined
  readonly checkpoint?: string | undefined
}

export interface RequestCancelCommand {
  readonly type: 'requestCancel'
  readonly reason: string
  readonly ttlMs: number
}

export type Decision =
  /** Store this over the current revision. Answering a `begin` it is a start if the record is `executing`. */
  | { readonly type: 'write'; readonly record: ExecutionRecord; readonly ttlMs: number }
  /** Delete the current revision. */
  | { readonly type: 'remove' }
  /** A `begin` that was executed before: the stored execution is the caller's own. */
  | { readonly type: 'mine' }
  | { readonly type: 'inProgress'; readonly stalled: boolean; readonly leaseRemainingMs: number }
  | { readonly type: 'replayed'; readonly record: CompletedRecord }
  | { readonly type: 'failedBefore'; readonly record: FailedRecord; readonly retryAfterMs?: number }
  | { readonly type: 'mismatch' }
  /** An owner's command came from somebody who is not, or no longer, the owner. */
  | { readonly type: 'lost' }
  | { readonly type: 'unchanged' }

/**
 * How long the owner may stay silent from now on. At 0 it is stalled: it has written nothing for its whole lease, so its
 * process is dead, frozen or cut off.
 */
export function leaseRemaining(
  record: ExecutingRecord,
  stamp: { readonly writtenAt: number },
  now: number,
): number {
  return Math.max(0, stamp.writtenAt + record.leaseMs - now)
}

function begin(current: Current | null, now: number, command: BeginCommand): Decision {
  if (current === null) return start(command, 1)
  const { record, writtenAt } = current
  const { policy } = command
  if (record.status === 'executing' && record.executionId === command.executionId) return { type: 'mine' }
  // Before anything else, and in every state: the same key with other input writes nothing.
  if (isMismatch(record.fingerprint, command.fingerprint)) return { type: 'mismatch' }

  switch (record.status) {
    case 'executing': {
      const leaseRemainingMs = leaseRemaining(record, current, now)
      const stalled = leaseRemainingMs === 0
      if (!stalled || policy.onStalled === 'reject') return { type: 'inProgress', stalled, leaseRemainingMs }
      return policy.onStalled === 'takeOver' && record.attempt < policy.maxAttempts
        ? start(command, record.attempt + 1, record)
        : write(stalledOut(record, current), command.failedTtlMs)
    }
    case 'completed': {
      const recent = now - writtenAt < policy.completedWindowMs
      return policy.onCompleted === 'replay' && recent
        ? { type: 'replayed', record }
        : start(command, 1, record)
    }
    case 'failed': {
      if (record.released) return start(command, record.attempt, record)
      // The storage's clock may have been set back since: that makes nobody wait longer than was asked for.
      const retryAfterMs = Math.max(0, (record.retryAfterMs ?? 0) - Math.max(0, now - writtenAt))
      const exhausted = record.final || record.attempt >= policy.maxAttempts
      if (exhausted || policy.onFailed === 'replay') return { type: 'failedBefore', record }
      if (retryAfterMs > 0) return { type: 'failedBefore', record, retryAfterMs }
      return start(command, record.attempt + 1, record)
    }
  }
}

function ownersWrite(current: Current | null, command: OwnerCommand): Decision {
  if (current === null || current.record.executionId !== command.executionId) return { type: 'lost' }
  if (current.record.status !== 'executing') return { type: 'lost' }
  const record = restamped(current.record, current)
  switch (command.type) {
    case 'update': {
      const { leaseMs, timeoutMs, progress, checkpoint } = command.change
      const changed = {
        ...record,
        leaseMs: leaseMs ?? record.leaseMs,
        timeoutMs: timeoutMs ?? record.timeoutMs,
        progress: progress ?? record.progress,
        checkpoint: checkpoint ?? record.checkpoint,
      }
      return write(changed, command.ttlMs)
    }
    case 'complete': {
      const { result, progress = record.progress } = command
      return write({ ...identityOf(record), status: 'completed', result, progress }, command.ttlMs)
    }
    case 'fail':
      return write(failed(record, command), command.ttlMs)
    case 'release':
      return command.unbind && record.attempt === 1 && record.checkpoint === undefined
        ? { type: 'remove' }
        : write(failed(record, { ...command, error: RELEASED, released: true }), command.ttlMs)
  }
}

/** Whatever is not over can be asked to stop: what runs, what is stalled, and what was given back. */
function requestCancel(current: Current | null, now: number, command: RequestCancelCommand): Decision {
  if (current === null) return { type: 'unchanged' }
  const { record } = current
  const { reason: cancelRequested, ttlMs } = command
  switch (record.status) {
    case 'executing': {
      // Somebody else's write must not prolong the lease: the stamp is new, so the duration gets shorter.
      const leaseMs = leaseRemaining(record, current, now)
      return write({ ...restamped(record, current), leaseMs, cancelRequested }, ttlMs)
    }
    case 'failed':
      if (!record.released) return { type: 'unchanged' }
      return write({ ...restamped(record, current), cancelRequested }, ttlMs)
    case 'completed':
      return { type: 'unchanged' }
  }
}

/** What is recorded of an execution that was given back, and told to the caller whose body gave it back. */
export const RELEASED: StoredError & { readonly code: 'EXECUTION_RELEASED' } = {
  name: 'ExecutionReleasedError',
  code: 'EXECUTION_RELEASED',
  message: 'The execution was released before it ended; the next start continues the same attempt.',
}

function write(record: ExecutionRecord, ttlMs: number): Decision {
  return { type: 'write', record, ttlMs }
}

function start(command: BeginCommand, attempt: number, before?: ExecutionRecord): Decision {
  const { executionId, leaseMs, timeoutMs, fingerprint, parentExecutionId, instance, ttlMs } = command
  const previous = before === undefined ? undefined : endedExecution(before)
  const identity = { v: 1, executionId, attempt, fingerprint, parentExecutionId, previous, instance } as const
  const checkpoint = before?.status === 'completed' ? undefined : before?.checkpoint
  const cancelRequested = before === undefined ? undefined : unansweredCancel(before)
  return write({ ...identity, status: 'executing', leaseMs, timeoutMs, checkpoint, cancelRequested }, ttlMs)
}

/** A failure has answered it: who starts the job again means it to run. */
function unansweredCancel(before: ExecutionRecord): string | undefined {
  const isOver = before.status === 'completed' || (before.status === 'failed' && !before.released)
  return isOver ? undefined : before.cancelRequested
}

function endedExecution({ executionId, status }: ExecutionRecord): EndedExecution | undefined {
  return status === 'executing' ? undefined : { executionId, status }
}

function stalledOut(record: ExecutingRecord, current: Current): FailedRecord {
  const error: StoredError = {
    name: 'ExecutionStalledError',
    code: 'EXECUTION_STALLED',
    message: `Attempt ${record.attempt} stopped answering for longer than its lease.`,
  }
  return failed(restamped(record, current), { error, final: true })
}

/** What a failed execution leaves to the next attempt, and to those who look. */
function failed(
  record: ExecutingRecord,
  outcome: Pick<FailedRecord, 'error' | 'retryAfterMs' | 'progress'> & {
    readonly final?: boolean
    readonly released?: boolean
  },
): FailedRecord {
  const { error, final = false, released = false, retryAfterMs, progress = record.progress } = outcome
  const { checkpoint, cancelRequested } = record
  const ended = { status: 'failed', error, final, released, retryAfterMs, progress, checkpoint } as const
  return { ...identityOf(record), ...ended, cancelRequested }
}

/** A rewritten record must carry what until now only the storage's stamps said. */
function restamped<R extends ExecutionRecord>(record: R, current: Current): R {
  return { ...record, start: startOf(current) }
}

function identityOf(record: ExecutingRecord): ExecutionIdentity {
  const { v, executionId, attempt, start, fingerprint, parentExecutionId, previous, instance } = record
  return { v, executionId, attempt, start, fingerprint, parentExecutionId, previous, instance }
}

function isMismatch(stored: string | undefined, given: string | undefined): boolean {
  return stored !== undefined && given !== undefined && stored !== given
}
