import type { Lease } from '@holdfast/core'
import type { Lockable } from '@holdfast/core/storage'

/**
 * Runs a pass while this process holds one of .NET's locks, or not at all while another scheduler does: that one does the same
 * work. The signal of the body aborts when the process is stopped, and when the lock is lost: then it ends between two changes.
 *
 * @returns whether it ran
 * @throws LockLostError after a body that lost the lock
 */
export async function withSchedulerLock(
  locks: Lockable<[resource: string]>,
  resource: string,
  stopping: AbortSignal,
  body: (signal: AbortSignal, lease: Lease) => Promise<void>,
): Promise<boolean> {
  const { status } = await locks.run(resource, { whenHeld: 'skip' }, async (lease) => {
    await body(AbortSignal.any([stopping, lease.signal]), lease)
    if (lease.signal.aborted) throw lease.signal.reason
  })
  return status === 'executed'
}
