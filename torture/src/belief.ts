import { setTimeout as delay } from 'node:timers/promises'
import { clock, type Witness } from '@holdfast/testbed/torture'

/**
 * Witnesses that the signal of an execution said "yours" at this instant.
 *
 * A process that was stopped and goes on sees a signal that it took before unaborted until its timers have run, and a
 * timer that is set now may well ring before one that was due long ago: the event loop's time is from before the stop.
 * So the instant is taken first, and then the execution is asked for its signal again, which looks at the clocks: had
 * the lease been over at that instant, it would be aborted.
 */
export async function witnessSignal(
  witness: Witness,
  owner: string,
  execution: { readonly signal: AbortSignal },
): Promise<void> {
  const at = clock()
  await delay(1)
  if (!execution.signal.aborted) witness.tell({ type: 'valid', at, owner })
}

/** Witnesses that a lease is valid now and for as long as it says: `remainingMs()` is read from the clocks. */
export function witnessLease(witness: Witness, owner: string, lease: { remainingMs(): number }): void {
  const at = clock()
  const remainingMs = lease.remainingMs()
  if (remainingMs > 0) witness.tell({ type: 'valid', at, owner, until: at + Math.floor(remainingMs * 1_000) })
}
