import { hasCode } from '../errors.ts'
import {
  type Executing,
  type ExecutingRecord,
  type ExecutionRecord,
  type FailedRecord,
  type Progress,
  type StoredError,
  type StoredResult,
  type VersionedRecord,
  identityOf,
  startOf,
} from './record.ts'

/*
 * The whole idempotency policy, as pure functions of what is stored, the storage's clock and a command: `decideStart`
 * (decide-start.ts), `decideOwner` and `decideCancel`.
 *
 * ```
 *   absent ──start──► executing ──complete──► completed ──start, window over──► executing
 *                      │  ▲  │ └──fail─────► failed ──start, onFailed 'rerun'──► executing (attempt + 1)
 *                      │  │  └────release──► failed, released ──start──► executing (same attempt)
 *                      │  │  └────release, unbind, first attempt──► absent
 *                      │  └─ renew, progress, checkpoint, extend, cancel
 *                      └─ no write for leaseMs (stalled) ──start──► executing (attempt + 1, checkpoint) | failed
 * ```
 *
 * A request to cancel is for the job, not for one process: the execution that takes the job over, or continues it after
 * a release, finds the request, until the job has completed or failed.
 *
 * `stalled` and `recent` are not stored. They follow from the storage's clock and its stamp, so no reaper is needed.
 */

/** Store this record over the current revision. */
export interface Write<R extends ExecutionRecord = ExecutionRecord> {
  readonly type: 'write'
  readonly record: R
  readonly ttlMs: number
}

/** The options of a job that say how long the storage keeps each of its states. */
export interface Retention {
  readonly leaseMs: number
  readonly maxAttempts: number
  readonly completedWindowMs: number
  readonly completedRetentionMs: number
  readonly failedRetentionMs: number
}

const DAY_MS = 86_400_000

export function write<R extends ExecutionRecord>(record: R, policy: Retention): Write<R> {
  return { type: 'write', record, ttlMs: keptMs(record, policy) }
}

function keptMs(record: ExecutionRecord, policy: Retention): number {
  if (record.status === 'completed') {
    return Math.max(policy.completedRetentionMs, policy.completedWindowMs)
  }
  // The lease decides a takeover, never this: it outlives the lease, and keeps the count of attempts and the checkpoint.
  if (!isOver(record)) return Math.max(DAY_MS, 10 * policy.leaseMs)
  const { maxAttempts, failedRetentionMs } = policy
  const failedMs = maxAttempts === Infinity ? failedRetentionMs : Math.max(failedRetentionMs, DAY_MS)
  // A failure that keeps others away for a while outlives that time, or the count of attempts would be lost.
  return failedMs + Math.ceil((record.status === 'failed' ? record.retryAfterMs : undefined) ?? 0)
}

/** Whether the job has ended. A released execution has not: the next start continues it. */
export function isOver(state: {
  readonly status: ExecutionRecord['status']
  readonly released?: boolean
}): boolean {
  return state.status !== 'executing' && state.released !== true
}

/**
 * How many milliseconds the owner may stay silent from `now` on. At 0 the execution is stalled: its owner has written
 * nothing for a whole lease, so the process is dead, frozen or cut off.
 */
export function leaseRemaining(
  record: ExecutingRecord,
  stamp: { readonly writtenAt: number },
  now: number,
): number {
  return Math.max(0, stamp.writtenAt + record.leaseMs - now)
}

/**
 * How many milliseconds ago it was written, at least. Storages count in whole ones, and the stamp does not say how much of the
 * one in which it was written was over: a duration that is promised at least is over when this says so.
 */
export function leastAgeMs({ writtenAt }: { readonly writtenAt: number }, now: number): number {
  return Math.max(0, now - writtenAt - 1)
}

/** What the owner of an execution does to its record; `progress` is what the body has shown since the last write. */
export type OwnerCommand = { readonly executionId: string; readonly progress?: Progress | undefined } &
  /** What is absent stays as it is. Every such write renews the lease. */
  (
    | {
        readonly type: 'update'
        readonly checkpoint?: string | undefined
        /** Added to the timeout. */
        readonly extendTimeoutMs?: number | undefined
      }
    | { readonly type: 'complete'; readonly result: StoredResult }
    | {
        readonly type: 'fail'
        readonly error: StoredError
        readonly final: boolean
        readonly retryAfterMs?: number | undefined
      }
    /** `unbind`: the body never began, so nothing is left of a first attempt, the fingerprint included. */
    | { readonly type: 'release'; readonly unbind?: boolean }
  )

/** A write or a removal over the owner's own state. */
export type OwnerWrite =
  | (Write & { readonly over: Executing })
  | { readonly type: 'remove'; readonly over: Executing }

export type OwnerDecision =
  | OwnerWrite
  /** The storage holds this end already: an earlier sending of it counted, and its answer was lost. */
  | { readonly type: 'recorded' }
  /** The execution is no longer the caller's: removed, ended, or taken over. */
  | { readonly type: 'lost' }

/** What a command of the owner does to the state that the storage holds. */
export function decideOwner(
  current: VersionedRecord | null,
  command: OwnerCommand,
  policy: Retention,
): OwnerDecision {
  if (current === null) return { type: 'lost' }
  const { record } = current
  const isOurs = record.executionId === command.executionId
  if (isOurs && record.status === 'executing') return ownerWrite({ ...current, record }, command, policy)
  // A successor's record says how the execution before it ended.
  const end = isOurs ? record : record.previous
  const isRecorded = end?.executionId === command.executionId && end.status === endOf(command)
  return { type: isRecorded ? 'recorded' : 'lost' }
}

/** What the command makes of a state that is the owner's own. */
export function ownerWrite(over: Executing, command: OwnerCommand, policy: Retention): OwnerWrite {
  const record = restamped(over.record, over)
  switch (command.type) {
    case 'update': {
      const { extendTimeoutMs = 0, checkpoint, progress } = command
      const changed = {
        ...record,
        leaseMs: policy.leaseMs,
        timeoutMs: record.timeoutMs + extendTimeoutMs,
        progress: progress ?? record.progress,
        checkpoint: checkpoint ?? record.checkpoint,
      }
      return { ...write(changed, policy), over }
    }
    case 'complete': {
      const { result, progress = record.progress } = command
      return { ...write({ ...identityOf(record), status: 'completed', result, progress }, policy), over }
    }
    case 'fail':
      return { ...write(failed(record, command), policy), over }
    case 'release':
      return command.unbind && record.attempt === 1 && record.checkpoint === undefined
        ? { type: 'remove', over }
        : { ...write(failed(record, { ...command, error: RELEASED, released: true }), policy), over }
  }
}

/**
 * How an execution ends that did not succeed. One that the instance interrupted, because it is being closed, is released:
 * that is no failed attempt.
 */
export function unfinishedEnd(abortReason: unknown): 'release' | 'fail' {
  return hasCode(abortReason, 'CLOSED') ? 'release' : 'fail'
}

/** The record of a released execution has this error, and the caller whose body released it gets it. */
export const RELEASED: StoredError & { readonly code: 'EXECUTION_RELEASED' } = {
  name: 'ExecutionReleasedError',
  code: 'EXECUTION_RELEASED',
  message:
    'The owner released the execution before it ended. Start the job again: that continues the same attempt.',
}

function endOf(command: OwnerCommand): 'completed' | 'failed' | undefined {
  if (command.type === 'update') return undefined
  return command.type === 'complete' ? 'completed' : 'failed'
}

export interface CancelCommand {
  readonly reason: string
  /** How long the storage would have kept the record without this write. */
  readonly ttlMs: number
}

/** Asks a job that is not over to stop: one that runs, that is stalled, or that was released. */
export function decideCancel(
  current: VersionedRecord | null,
  now: number,
  { reason: cancelRequested, ttlMs }: CancelCommand,
): Write | { readonly type: 'unchanged' } {
  if (current === null || isOver(current.record)) return { type: 'unchanged' }
  const record = { ...restamped(current.record, current), cancelRequested }
  // This write must not prolong the owner's lease: the stamp is new, so the duration gets shorter.
  if (record.status === 'executing') {
    const leaseMs = leaseRemaining(record, current, now)
    return { type: 'write', record: { ...record, leaseMs }, ttlMs }
  }
  return { type: 'write', record, ttlMs }
}

/** What a failed execution leaves to the next attempt and to observers. */
export function failed(
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

/** A rewritten record carries the start that only the storage's stamps said before. */
export function restamped<R extends ExecutionRecord>(record: R, current: VersionedRecord): R {
  return { ...record, start: startOf(current) }
}
