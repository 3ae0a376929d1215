import { HoldfastError } from '../errors.ts'
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
      return `${owner} for ${heldForMs} ms (lease runs ${remainingMs} ms more)`
    })
    const ago = stateAgeMs === 0 ? '' : `, as of ${stateAgeMs} ms ago`
    super(
      'LOCK_TIMEOUT',
      `Lock ${name} did not become free within ${waitedMs} ms. Held by ${who.join(', ') || 'nobody'}${ago}.`,
    )
    this.lockName = name
    this.holders = holders
    this.waitedMs = waitedMs
    this.stateAgeMs = stateAgeMs
  }
}

/** `LOCK_ABORTED`: the caller's signal ended the acquiring; `cause` is its reason. Nothing is left behind. */
export class LockAbortedError extends HoldfastError {
  readonly lockName: string

  constructor(name: string, options: ErrorOptions) {
    super('LOCK_ABORTED', `Acquiring lock ${name} was aborted.`, options)
    this.lockName = name
  }
}

/**
 * `NOT_REPLICATED`: fewer replicas than `durability` asks for confirmed a lease in time, which was given back, or its
 * renewal, which is tried again until the lease is over.
 */
export class NotReplicatedError extends HoldfastError {
  readonly lockName: string
  readonly acknowledged: number

  constructor(name: string, acknowledged: number, wanted: number) {
    super('NOT_REPLICATED', `${acknowledged} of ${wanted} replicas confirmed the lease of lock ${name}.`)
    this.lockName = name
    this.acknowledged = acknowledged
  }
}
