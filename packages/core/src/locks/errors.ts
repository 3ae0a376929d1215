import { HoldfastError, LeaseLostError, SelfDeadlockError } from '../errors.ts'
import type { LockHolder } from './lock-holder.ts'

/**
 * `LOCK_TIMEOUT`: others held the lock for as long as the caller would wait. `holders` says who, as the storage said
 * `stateAgeMs` ago; by then some of them may have released it.
 */
export class LockTimeoutError extends HoldfastError {
  readonly lockName: string
  readonly holders: readonly LockHolder[]
  readonly waitedMs: number
  readonly stateAgeMs: number

  constructor(name: string, waitedMs: number, holders: readonly LockHolder[], stateAgeMs: number) {
    const who = holders.map((holder) => {
      const { owner, heldForMs, remainingMs } = holder
      return `${owner} for ${heldForMs} ms (lease expires in ${remainingMs} ms)`
    })
    const ago = stateAgeMs === 0 ? '' : `, as of ${stateAgeMs} ms ago`
    const publicMessage = `Lock ${name} did not become free within ${waitedMs} ms.`
    const message = `${publicMessage} Held by ${who.join(', ') || 'no one'}${ago}.`
    super('LOCK_TIMEOUT', message, { publicMessage })
    this.lockName = name
    this.holders = holders
    this.waitedMs = waitedMs
    this.stateAgeMs = stateAgeMs
  }
}

/** `LOCK_ABORTED`: the caller's signal ended the acquiring; `cause` is its reason. Nothing is left behind. */
export class LockAbortedError extends HoldfastError {
  readonly lockName: string
  readonly waitedMs: number

  constructor(name: string, waitedMs: number, options: ErrorOptions) {
    super(
      'LOCK_ABORTED',
      `Acquiring lock ${name} was aborted after ${waitedMs} ms; no lease was taken.`,
      options,
    )
    this.lockName = name
    this.waitedMs = waitedMs
  }
}

/**
 * Why a lease is lost, or may be.
 *
 * - `revoked`: an operator revoked it.
 * - `taken`: the storage says that it ran out, that others took it, or that it knows nothing of it any more (eviction,
 *   FLUSHALL, a restart without persistence, a failover that lost writes).
 * - `outage`: it could not be renewed in time, because the storage could not be reached or refused; `cause` says why.
 * - `expired`: it was not renewed in time although no renewal failed: the process stood still.
 * - `maxHold`: it was held for `maxHoldMs`.
 */
export type LeaseLoss = 'revoked' | 'taken' | 'outage' | 'expired' | 'maxHold'

const LOSSES: Readonly<Record<LeaseLoss, string>> = {
  revoked: 'it was revoked',
  taken: 'the storage does not have it any more: expired, evicted or deleted',
  outage: 'the storage could not be reached, or refused, until it was over',
  expired: 'this process stood still and did not renew it in time',
  maxHold: 'it was held for maxHoldMs',
}

/** `LEASE_LOST` of a lock: `reason` says why. */
export class LockLostError extends LeaseLostError {
  readonly lockName: string
  readonly reason: LeaseLoss
  readonly fencingToken: number
  readonly heldMs: number

  constructor(name: string, reason: LeaseLoss, fencingToken: number, heldMs: number, options?: ErrorOptions) {
    super(
      `The lease of lock ${name} was lost after ${heldMs} ms: ${LOSSES[reason]}. Stop: another holder may have the lock.`,
      options,
    )
    this.lockName = name
    this.reason = reason
    this.fencingToken = fencingToken
    this.heldMs = heldMs
  }
}

/**
 * `NOT_REPLICATED`: fewer replicas than `durability` asks for confirmed a lease in time, which was released again, or its
 * renewal, which is tried again until the lease is over.
 */
export class NotReplicatedError extends HoldfastError {
  readonly lockName: string
  readonly acknowledged: number

  constructor(name: string, acknowledged: number, wanted: number) {
    super(
      'NOT_REPLICATED',
      `Only ${acknowledged} of ${wanted} replicas confirmed the lease of lock ${name} in time. Check the replicas, or ask for fewer (durability.replicas).`,
    )
    this.lockName = name
    this.acknowledged = acknowledged
  }
}

export function selfDeadlock(name: string): SelfDeadlockError {
  return new SelfDeadlockError(
    `Lock ${name} is held by a run() around this call, which would wait for itself. Pass the lease down instead.`,
  )
}
