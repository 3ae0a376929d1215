import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { clock, type Witness } from '@holdfast/test-support/chaos'

/**
 * Witnesses that the signal of an execution said "yours" at this instant.
 *
 * A process that was stopped and goes on sees the signal unaborted until its timers have run. So the instant is taken
 * first, then every timer that was due gets its turn, and only then the signal is asked: had the lease been over at
 * that instant, it would have been aborted by now. Turns of the event loop may go by without timers, so one of ours shows
 * that theirs are having their turn. Those of one length ring together, so ours may ring before one that was due earlier:
 * the turn has to end as well.
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
