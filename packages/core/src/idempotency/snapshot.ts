import type { Codec } from '../support/codec.ts'
import { leaseRemaining } from './decide.ts'
import {
  type VersionedRecord,
  type ExecutionRecord,
  type ExecutionSnapshot,
  type ResultOmission,
  type StoredState,
  type StoredResult,
  startOf,
} from './record.ts'
import { messageOf } from './stored-error.ts'

/** `result` of a reference is the reference itself: only `run` and `begin` load what it points at. */
export function snapshotOf(
  { jobType, jobKey }: Pick<ExecutionSnapshot, 'jobType' | 'jobKey'>,
  current: VersionedRecord,
  now: number,
  codec: Codec,
): ExecutionSnapshot {
  const { record, writtenAt } = current
  const start = startOf(current)
  const executing = record.status === 'executing'
  const leaseRemainingMs = executing ? leaseRemaining(record, current, now) : 0
  const error = record.status === 'failed' ? record.error : null
  const { result, resultOmitted, resultProblem, decodeError } = resultIn(record, codec)
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
    result,
    resultOmitted,
    resultProblem,
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

/** Null where nothing is stored. */
export function snapshotIn(
  job: Pick<ExecutionSnapshot, 'jobType' | 'jobKey'>,
  { current, now }: StoredState,
  codec: Codec,
): ExecutionSnapshot | null {
  return current && snapshotOf(job, current, now, codec)
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
    checkKind(result.kind)
    return { result: codec.decode(result.data), ...NOT_OMITTED }
  } catch (decodeError) {
    const resultProblem = messageOf(decodeError)
    return { result: undefined, resultOmitted: 'unreadable', resultProblem, decodeError }
  }
}

function checkKind(kind: string): void {
  if (kind === 'value' || kind === 'reference') return
  throw new TypeError(`The result is kept as ${kind}: a newer version has stored it.`)
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

function checkpointIn(record: ExecutionRecord, codec: Codec): unknown {
  if (record.status === 'completed' || record.checkpoint === undefined) return undefined
  try {
    return codec.decode(record.checkpoint)
  } catch {
    return undefined
  }
}
