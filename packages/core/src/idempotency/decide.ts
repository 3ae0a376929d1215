import {
  type ExecutingRecord,
  type ExecutionRecord,
  type FailedRecord,
  type VersionedRecord,
  identityOf,
  startOf,
} from './record.ts'

/*
 * The whole idempotency policy, as pure functions of what is stored, the storage's clock and a command: `decideStart`,
 * `decideOwner` and `decideCancel`. This file holds what they share.
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
