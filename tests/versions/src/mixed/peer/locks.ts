import type { Holdfast, Lease, LockOptions, LockView, ReleaseOutcome } from '@holdfast/core'
import { say, sayError } from './said.ts'

/** What another process asks of this one's locks. `permits` makes a semaphore of the name. */
export function lockOperations({ locks }: Holdfast) {
  const leases = new Map<string, Lease>()
  const keep = (id: string, lease: Lease): number => {
    leases.set(id, lease)
    const { signal } = lease
    signal.addEventListener('abort', () => say('lost', id, sayError(signal.reason)))
    return lease.fencingToken
  }
  return {
    /** Waits for a lease, keeps it under `id`, and answers with its fencing token. */
    async acquire(id: string, name: string, options: LockOptions = {}, permits?: number): Promise<number> {
      const lease =
        permits === undefined
          ? await locks.acquire(name, options)
          : await locks.semaphore(name, { permits }).acquire(options)
      return keep(id, lease)
    },
    /** Null: others hold it, or wait for it. */
    async tryAcquire(id: string, name: string): Promise<number | null> {
      const lease = await locks.tryAcquire(name)
      return lease === null ? null : keep(id, lease)
    },
    async release(id: string): Promise<ReleaseOutcome> {
      const lease = leases.get(id)
      if (lease === undefined) throw new Error(`${id} holds nothing.`)
      return await lease.release()
    },
    async extend(id: string, additionalMs: number): Promise<void> {
      await leases.get(id)?.extend(additionalMs)
    },
    inspect: async (name: string, permits?: number): Promise<LockView> =>
      permits === undefined ? await locks.inspect(name) : await locks.semaphore(name, { permits }).inspect(),
    revoke: async (name: string): Promise<number> => (await locks.revoke(name)).length,
  }
}
