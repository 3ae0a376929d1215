import type { Runtime } from '../support/runtime.ts'
import { refuse } from '../support/checks.ts'
import type { Lease } from './lease.ts'
import { type LeaseSet, leaseSet } from './lease-set.ts'
import { type LockTarget, lockTarget } from './options.ts'

/**
 * All of the locks of an app, or none. They are taken in one global order, so that two such calls cannot block each
 * other; `acquire` takes one of them within the time that is left of `totalMs`.
 */
export async function acquireAll(
  app: string,
  names: readonly string[],
  totalMs: number,
  runtime: Runtime,
  acquire: (target: LockTarget, waitMs: number) => Promise<Lease>,
): Promise<LeaseSet> {
  if (!Array.isArray(names) || names.length === 0 || names.length > 100) {
    refuse('names', names, 'an array of 1 to 100 names')
  }
  // By code unit: the same order in every process, in any locale.
  const targets = [...new Set(names)].sort((a, b) => (a < b ? -1 : 1)).map((name) => lockTarget(app, name))
  const startedAt = runtime.monotonicNow()
  const leftMs = (): number => Math.max(0, totalMs - (runtime.monotonicNow() - startedAt))
  for (;;) {
    const held: Lease[] = []
    try {
      for (const target of targets) held.push(await acquire(target, leftMs()))
      const isOver = leftMs() === 0
      // One may have been lost while the next was waited for: then none is handed out with it.
      if (held.every((lease) => lease.remainingMs() > 0)) {
        return leaseSet(held.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name)))
      }
      if (isOver) for (const lease of held) lease.assertValid()
    } catch (error) {
      await leaseSet(held)[Symbol.asyncDispose]()
      throw error
    }
    await leaseSet(held)[Symbol.asyncDispose]()
  }
}
