import { HoldfastError } from '../errors.ts'
import type { RecordEntry } from '../storage/records.ts'
import { isComparable } from './fingerprint.ts'

/**
 * What is stored of one job key, as readable JSON. A record holds durations and never compares clocks: the storage
 * stamps when it was written, and everything that depends on time is derived from that stamp (see `decide.ts`).
 */
export type ExecutionRecord = ExecutingRecord | CompletedRecord | FailedRecord

export interface ExecutingRecord extends ExecutionIdentity {
  readonly status: 'executing'
  /** The owner counts as dead when it has written nothing for this long, in milliseconds. */
  readonly leaseMs: number
  /** Milliseconds from start to close: the owner's own limit, shown to observers. */
  readonly timeoutMs: number
  readonly progress?: Progress | undefined
  readonly checkpoint?: string | undefined
  /** Why a caller asked the owner to stop. */
  readonly cancelRequested?: string | undefined
}

export interface CompletedRecord extends ExecutionIdentity {
  readonly status: 'completed'
  readonly result: StoredResult
  readonly progress?: Progress | undefined
}

export interface FailedRecord extends ExecutionIdentity {
  readonly status: 'failed'
  readonly error: StoredError
  /** The job is never run again while the record is kept. */
  readonly final: boolean
  /** Its owner released it unfinished (shutdown): the next start is the same attempt. */
  readonly released: boolean
  /** Why a caller had asked it to stop. */
  readonly cancelRequested?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly progress?: Progress | undefined
  readonly checkpoint?: string | undefined
}

export interface ExecutionIdentity {
  readonly v: 1
  readonly executionId: string
  /** 1 for the first start; one more for each start after a failure or a crash. */
  readonly attempt: number
  /** When and with which fencing token it started; absent in the very write that started it, which says both. */
  readonly start?: ExecutionStart | undefined
  readonly fingerprint?: string | undefined
  readonly parentExecutionId?: string | undefined
  /**
   * The execution that had ended here before this one started. An owner that got no answer when it recorded its end
   * learns from its successor's record that the end was recorded.
   */
  readonly previous?: EndedExecution | undefined
  /** The process that runs it, for people to read; never an identity. */
  readonly instance?: string | undefined
  /** What a tracer stored with it, at most 512 bytes: opaque here. Absent in records of versions that had no such thing. */
  readonly traceContext?: string | undefined
}

export interface EndedExecution {
  readonly executionId: string
  readonly status: 'completed' | 'failed'
}

export interface ExecutionStart {
  /** Storage's clock, milliseconds. */
  readonly at: number
  readonly fence: number
}

export interface Progress {
  /** 0 to 100. */
  readonly percentage: number
  readonly message?: string | undefined
}

export type StoredResult =
  | { readonly kind: 'value' | 'reference'; readonly data: string }
  | {
      readonly kind: 'omitted'
      readonly reason: OmittedReason
      readonly bytes?: number
      /** The codec's message. */
      readonly why?: string
    }

/** Why a result was not kept: a replay then reports that instead of running the job again. */
export type OmittedReason = 'too-large' | 'unserializable' | 'stream'

export interface StoredError {
  readonly name: string
  readonly message: string
  readonly code?: string | number | undefined
  readonly stack?: string | undefined
  readonly cause?: StoredError | undefined
}

/** A stored record together with the stamps that the storage put on it. */
export interface VersionedRecord<R extends ExecutionRecord = ExecutionRecord> {
  readonly record: R
  readonly rev: number
  readonly writtenAt: number
}

export type Executing = VersionedRecord<ExecutingRecord>

/** The known state of a key, and the storage's clock at about that time. */
export interface StoredState {
  readonly current: VersionedRecord | null
  readonly now: number
}

/** `RECORD_UNREADABLE`: this version cannot understand what is stored under the key, so it did nothing with it. */
export class RecordUnreadableError extends HoldfastError {
  constructor(why: string, options?: ErrorOptions) {
    super(
      'RECORD_UNREADABLE',
      `The stored record ${why}. Deploy the newer version here too, or remove it with forget().`,
      options,
    )
  }
}

export function currentOf(entry: RecordEntry): VersionedRecord
export function currentOf(entry: RecordEntry | null): VersionedRecord | null
/** @throws RecordUnreadableError when a newer version or another program wrote it: a guess could run a job twice. */
export function currentOf(entry: RecordEntry | null): VersionedRecord | null {
  if (entry === null) return null
  return { record: parseRecord(entry.value), rev: entry.rev, writtenAt: entry.writtenAt }
}

const STATUSES: readonly ExecutionRecord['status'][] = ['executing', 'completed', 'failed']

function parseRecord(value: string): ExecutionRecord {
  let record: unknown
  try {
    record = JSON.parse(value)
  } catch (cause) {
    throw new RecordUnreadableError('is not JSON', { cause })
  }
  if (typeof record !== 'object' || record === null || !('v' in record)) {
    throw new RecordUnreadableError('was not written by Holdfast')
  }
  if (record.v !== 1)
    throw new RecordUnreadableError(`has version ${String(record.v)}, and this version of Holdfast reads 1`)
  const { status, fingerprint } = record as ExecutionRecord
  if (!(STATUSES as readonly unknown[]).includes(status))
    throw new RecordUnreadableError(`has the status ${String(status)}, which this version does not know`)
  if (fingerprint !== undefined && !isComparable(fingerprint))
    throw new RecordUnreadableError(`has a fingerprint that this version cannot compare`)
  return record as ExecutionRecord
}

/** When and with which fencing token the execution of this record started. */
export function startOf(current: VersionedRecord): ExecutionStart {
  return current.record.start ?? { at: current.writtenAt, fence: current.rev }
}

/**
 * What stays the same in all states of one execution: all but the members of this state. A member that a newer version has
 * added stays with the execution, too.
 */
export function identityOf(record: ExecutingRecord): ExecutionIdentity {
  const { status, leaseMs, timeoutMs, progress, checkpoint, cancelRequested, ...identity } = record
  return identity
}

/** Null for a record that cannot be understood here. */
export function readableOf(entry: RecordEntry): VersionedRecord | null {
  try {
    return currentOf(entry)
  } catch {
    return null
  }
}

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

/** Why a result was not kept. */
export interface ResultOmission {
  readonly resultOmitted: OmittedReason
  readonly resultProblem: string | null
}
