import type { HoldfastError } from '../errors.ts'
import type { VersionedRecord } from './record.ts'
import type { ExecutionSnapshot } from './snapshot.ts'

/**
 * Why an execution is no longer its owner's, or may be.
 *
 * - `outage`: the storage could not be reached until the lease may be over; `cause` says what it said last.
 * - `expired`: it was not renewed in time although the storage was not known to be out of reach: the process stood still,
 *   or had stopped to renew it, because of its `timeoutMs` or because the instance was closed (`cause`).
 * - `takenOver`: another execution of the job has started; `current` says which, by which instance, and since when.
 * - `ended`: somebody has recorded its end, because it was silent for its whole lease (`onStalled: 'fail'`).
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

/** The reason that an owner finds in place of its own record. */
export function reasonIn(own: VersionedRecord, found: VersionedRecord | null, removed: boolean): LossReason {
  if (found === null) return removed ? 'forgotten' : 'vanished'
  if (found.record.executionId === own.record.executionId) return 'ended'
  // Revisions grow: an older one is there only because the storage has lost what came after it.
  return found.rev > own.rev ? 'takenOver' : 'vanished'
}

/** What has made an owner's own deadline pass. */
export function ranOut(renewalError: unknown, abortReason: HoldfastError | undefined): Loss {
  if (renewalError !== undefined) return { reason: 'outage', cause: renewalError, current: null }
  return { reason: 'expired', cause: abortReason, current: null }
}

export function describeLoss({ reason, current }: Loss): string {
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
