import type { Codec } from '../support/codec.ts'
import { leaseRemaining } from './decide.ts'
import {
  type VersionedRecord,
  type ExecutionRecord,
  type OmittedReason,
  type StoredError,
  type StoredResult,
  startOf,
} from './record.ts'
import { messageOf } from './stored-error.ts'

/** An execution as observers see it; times are the storage's clock. */
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
  /** The value that the execution returned; undefined while it runs, or when `resultOmitted` says why it is missing. */
  readonly result: unknown
  /** `unreadable`: it is stored, but this caller's codec cannot read it. */
  readonly resultOmitted: OmittedReason | 'unreadable' | null
  /** More about `resultOmitted`, for people to read: the codec's message, or the size of the result. */
  readonly resultProblem: string | null
  /** The state that the next attempt would start from; undefined when none was saved, or when it cannot be read here. */
  readonly checkpoint: unknown
  /** Failed only in that its owner released it unfinished (a shutdown): the next start continues the same attempt. */
  readonly released: boolean
  /** Why a caller asked it to stop; null when none did, or when it completed all the same. */
  readonly cancelRequested: string | null
  readonly parentExecutionId: string | null
  /** The process that runs or ran it, as it names itself. */
  readonly instance: string | null
  /** Milliseconds until the owner, if it stays silent, counts as stalled; 0 when it does not execute. */
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
  current: VersionedRecord,
  now: number,
  codec: Codec,
): ExecutionSnapshot {
  const { record, writtenAt } = current
  const start = startOf(current)
  const executing = record.status === 'executing'
  const leaseRemainingMs = executing ? leaseRemaining(record, current, now) : 0
  const error = record.status === 'failed' ? record.error : null
  const { decodeError, ...outcome } = resultIn(record, codec)
  const snapshot: ExecutionSnapshot = {
    jobType,
    jobKey,
    executionId: record.executionId,
    status: record.status,
    stalled: executing && leaseRemainingMs === 0,
    attempt: record.attempt,
    fencingToken: start.fence,
    startTime: new Date(start.at),
    endTime: executing ? null : new Date(writtenAt),
    progressPercentage: record.status === 'completed' ? 100 : (record.progress?.percentage ?? 0),
    progressMessage: record.progress?.message ?? null,
    errorMessage: error?.message ?? null,
    error,
    ...outcome,
    checkpoint: checkpointIn(record, codec),
    released: record.status === 'failed' && record.released,
    cancelRequested: (record.status === 'completed' ? undefined : record.cancelRequested) ?? null,
    parentExecutionId: record.parentExecutionId ?? null,
    instance: record.instance ?? null,
    leaseRemainingMs,
    updateTime: new Date(writtenAt),
  }
  if (decodeError !== undefined) decodeErrors.set(snapshot, decodeError)
  return snapshot
}

/** Kept beside the snapshots, which are plain data to list, send and compare. */
const decodeErrors = new WeakMap<ExecutionSnapshot, unknown>()

/** The codec's error, when `resultOmitted` is `unreadable`. */
export function whyUnreadable(snapshot: ExecutionSnapshot): unknown {
  return decodeErrors.get(snapshot)
}

interface Outcome extends Pick<ExecutionSnapshot, 'result' | 'resultOmitted' | 'resultProblem'> {
  readonly decodeError?: unknown
}

/** A value that cannot be decoded here must not hide the rest, nor the other executions of a list. */
function resultIn(record: ExecutionRecord, codec: Codec): Outcome {
  if (record.status !== 'completed') return { result: undefined, ...NOT_OMITTED }
  const { result } = record
  if (result.kind === 'omitted') return { result: undefined, ...omissionOf(result) }
  try {
    return { result: codec.decode(result.data), ...NOT_OMITTED }
  } catch (decodeError) {
    const resultProblem = messageOf(decodeError)
    return { result: undefined, resultOmitted: 'unreadable', resultProblem, decodeError }
  }
}

const NOT_OMITTED = { resultOmitted: null, resultProblem: null } as const

/** Why a result was not kept; nothing when it was. */
export function omissionOf(result: Extract<StoredResult, { kind: 'omitted' }>): ResultOmission
export function omissionOf(result: StoredResult): ResultOmission | undefined
export function omissionOf(result: StoredResult): ResultOmission | undefined {
  if (result.kind !== 'omitted') return undefined
  const { reason, bytes, why = bytes === undefined ? null : `it takes ${bytes} bytes.` } = result
  return { resultOmitted: reason, resultProblem: why }
}

export interface ResultOmission {
  readonly resultOmitted: OmittedReason
  readonly resultProblem: string | null
}

function checkpointIn(record: ExecutionRecord, codec: Codec): unknown {
  if (record.status === 'completed' || record.checkpoint === undefined) return undefined
  try {
    return codec.decode(record.checkpoint)
  } catch {
    return undefined
  }
}
