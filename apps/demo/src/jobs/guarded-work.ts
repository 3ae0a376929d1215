import type { Holdfast, Lease } from '@holdfast/core'
import { patiently } from './patiently.ts'

/** The semaphore of the reviewer: as many analyses run at a time as its provider allows. */
export const MODEL_CALLS = 'model calls'
export const MODEL_PERMITS = 2

/** A holder that dies keeps the others waiting for this long. */
export const LOCK_LEASE_MS = 5_000

/** The lock of the work tree that all instances share. */
export function checkoutLock(repository: string): string {
  return `checkout of ${repository}`
}

/** What jobs do one at a time, or two, over all instances. */
export interface GuardedWork {
  /** Alone in the work tree of this repository: two checkouts at a time would stumble over git's index.lock. */
  checkout<T>(repository: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** With one of the permits; the work's signal ends with the permit, too. */
  modelCall<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/** Does the work in the work tree, and sees the lease under which it is done. */
export type AroundCheckout = <T>(lease: Lease, work: () => Promise<T>) => Promise<T>

export function guardedBy(
  { locks }: Pick<Holdfast, 'locks'>,
  around: AroundCheckout = (_lease, work) => work(),
): GuardedWork {
  const options = (signal: AbortSignal) => ({ leaseMs: LOCK_LEASE_MS, waitMs: Infinity, signal })
  return {
    checkout: (repository, signal, work) =>
      patiently(signal, () =>
        locks.run(checkoutLock(repository), options(signal), (lease) => around(lease, work)),
      ),
    modelCall: (signal, work) =>
      patiently(signal, () =>
        locks
          .semaphore(MODEL_CALLS, { permits: MODEL_PERMITS })
          .run(options(signal), (lease) => work(AbortSignal.any([signal, lease.signal]))),
      ),
  }
}
