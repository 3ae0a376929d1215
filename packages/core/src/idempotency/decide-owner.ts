import { hasCode } from '../errors.ts'
import { type Retention, type Write, failed, restamped, write } from './decide.ts'
import {
  type Executing,
  type Progress,
  type StoredError,
  type StoredResult,
  type VersionedRecord,
  identityOf,
} from './record.ts'

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
  message: 'The execution was released before it ended; the next start continues the same attempt.',
}

function endOf(command: OwnerCommand): 'completed' | 'failed' | undefined {
  if (command.type === 'update') return undefined
  return command.type === 'complete' ? 'completed' : 'failed'
}
