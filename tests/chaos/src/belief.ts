import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { clock, type Witness } from '@holdfast/test-support/chaos'

/**
 * Witnesses that the signal of an execution said "yours" at this instant.
 *
 * A process that was stopped and resumed sees the signal unaborted until its timers have run. So this takes the instant
 * first, then lets every due timer run, and only then reads the signal: if the lease had been over at that instant, the
 * signal would be aborted by now. Turns of the event loop may run no timers, so a timer of ours shows that theirs run.
 * Timers of one length run together, so ours may run before one that was due earlier: the turn has to end as well.
 */
export async function witnessSignal(
  witness: Pick<Witness, 'record'>,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  const at = clock()
  await delay(1)
  await nextTurn()
  if (!signal.aborted) witness.record({ type: 'valid', at, owner })
}

/** Witnesses that a lease is valid now and for as long as it says: `remainingMs()` is read from the clocks. */
export function witnessLease(witness: Witness, owner: string, lease: { remainingMs(): number }): void {
  const at = clock()
  const remainingMs = lease.remainingMs()
  if (remainingMs > 0)
    witness.record({ type: 'valid', at, owner, until: at + Math.floor(remainingMs * 1_000) })
}
