import { type CallChain, heldAround } from '../call-chain.ts'
import { SelfDeadlockError } from '../errors.ts'
import type { Lease } from './lease.ts'

/** A lease that `run` holds around a call. */
export class LeaseAround {
  readonly key: string
  readonly lease: Lease

  constructor(key: string, lease: Lease) {
    this.key = key
    this.lease = lease
  }
}

/** Whether a body of the chain still holds such a lease. */
export function isHeldAround(
  chain: CallChain | undefined,
  isSuch: (around: LeaseAround) => boolean,
): boolean {
  const isIt = (around: LeaseAround): boolean => isSuch(around) && around.lease.remainingMs() > 0
  return heldAround(LeaseAround, chain, isIt) !== undefined
}

export function selfDeadlock(name: string): SelfDeadlockError {
  return new SelfDeadlockError(
    `Lock ${name} is held by a run() around this call, which would wait for itself. Pass the lease down instead.`,
  )
}
