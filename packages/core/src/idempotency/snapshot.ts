import type { Codec } from '../codec.ts'
import { isStalled } from './decide.ts'
import { type Current, type OmittedReason, type StoredError, startOf } from './record.ts'

/** What anybody can see of an execution; times are the storage's clock. */
export interface ExecutionSnapshot {
  readonly jobType: string
  readonly jobKey: string
  readonly executionId: string
  readonly status: 'executing' | 'completed' | 'failed'
  /** Executing, but its owner has written nothing for its whole lease: dead, frozen or cut off. */
  readonly stalled: boolean
  /** 1 for the first start. */
  readonly attempt: number
  /** Grows with every start of this key. */
  readonly fencingToken: number
  readonly startTime: Date
  readonly endTime: Date | null
  /** 0 to 100. */
  readonly progressPercentage: number
  readonly progressMessage: string | null
  readonly errorMessage: string | null
  readonly error: StoredError | null
  /** What the execution returned; undefined while it runs, or when its result was not kept. */
  readonly result: unknown
  readonly resultOmitted: OmittedReason | null
  readonly checkpoint: unknown
  /** Why somebody asked it to stop; null when nobody did. */
  readonly cancelRequested: string | null
  readonly parentExecutionId: string | null
  /** Who runs or ran it, as that process named itself. */
  readonly instance: string | null
  /** How long until the owner, if it stays silent, counts as stalled; 0 when it does not execute. */
  readonly leaseRemainingMs: number
  /** When this state was written. */
  readonly updateTime: Date
}

export interface SnapshotKey {
  readonly jobType: string
  readonly jobKey: string
}

/** `result` of a reference is the reference itself: only `run` and `begin` load what it points at. */
export function snapshotOf(
  { jobType, jobKey }: SnapshotKey,
  current: Current,
  now: number,
  codec: Codec,
): ExecutionSnapshot {
  const { record, writtenAt } = current
  const start = startOf(current)
  const executing = record.status === 'executing'
  const result = record.status === 'completed' ? record.result : null
  const error = record.status === 'failed' ? record.error : null
  const checkpoint = record.status === 'completed' ? undefined : record.checkpoint
  return {
    jobType,
    jobKey,
    executionId: record.executionId,
    status: record.status,
    stalled: executing && isStalled(record, current, now),
    attempt: record.attempt,
    fencingToken: start.fence,
    startTime: new Date(start.at),
    endTime: executing ? null : new Date(writtenAt),
    progressPercentage: record.status === 'completed' ? 100 : (record.progress?.percentage ?? 0),
    progressMessage: record.progress?.message ?? null,
    errorMessage: error?.message ?? null,
    error,
    result: result === null || result.kind === 'omitted' ? undefined : codec.decode(result.data),
    resultOmitted: result?.kind === 'omitted' ? result.reason : null,
    checkpoint: checkpoint === undefined ? undefined : codec.decode(checkpoint),
    cancelRequested: (executing && record.cancelRequested) || null,
    parentExecutionId: record.parentExecutionId ?? null,
    instance: record.instance ?? null,
    leaseRemainingMs: executing ? Math.max(0, writtenAt + record.leaseMs - now) : 0,
    updateTime: new Date(writtenAt),
  }
}
