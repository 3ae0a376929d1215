import { type FeatureOptions, alone } from '../feature.ts'
import type { LeaseHost } from '../storage/storage.ts'
import { checkName } from '../support/checks.ts'
import type { CloseOptions } from '../support/close-options.ts'
import { type Lockable, locksOver } from './locks.ts'
import { LOCKS, LockTarget, type LocksOptions } from './options.ts'

/** Locks that share their names with another program. */
export interface LeaseLocks extends Lockable<[name: string]> {
  /** As `Locks.close`. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Locks over a facet of leases alone, whose keys are the names of the locks: for one that keeps leases in the format of another
 * program. What that program puts in place of a token is its owner's name. Where `listen` is refused, waiters ask about every 100 ms.
 */
export function leaseLocks(host: LeaseHost, options: FeatureOptions<LocksOptions> = {}): LeaseLocks {
  return alone(host, options, LOCKS, (calls, own, identity) => {
    const target = (name: string): LockTarget => new LockTarget(checkName('name', name), name, 1)
    const { acquire, tryAcquire, run, inspect, revoke, close } = locksOver(calls, own, identity, target)
    return { acquire, tryAcquire, run, inspect, revoke, close }
  })
}
