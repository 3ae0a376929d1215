import { setTimeout as delay } from 'node:timers/promises'
import type { Holdfast } from '@holdfast/core'
import { patiently } from '../../jobs/patiently.ts'
import type { Place } from '../fleet.ts'
import type { Order, SoakRows } from '../tables/soak-rows.ts'
import { ask } from './ask.ts'

const LOOK_MS = 250

/**
 * Writes down what the storage holds of each order. One that is still under way has time to end: it may be the work of a caller who
 * gave up. One whose owner is gone is started once more, as the next caller would: a failover that loses writes can bring such
 * records back.
 */
export async function settleRecords(
  { idempotency }: Pick<Holdfast, 'idempotency'>,
  places: readonly Place[],
  rows: SoakRows,
  signal: AbortSignal,
): Promise<void> {
  for (const order of rows.orders()) rows.record(order, await statusOf(order))

  async function statusOf(order: Order): Promise<string> {
    for (;;) {
      const found = await patiently(signal, () =>
        idempotency.getExecutionStatus(order.jobType, order.reviewId),
      ).catch(() => 'unknown' as const)
      if (found === 'unknown') return found
      if (found === null) return 'none'
      if (found.status !== 'executing' || signal.aborted) return found.status
      const [place] = places
      if (found.stalled && place !== undefined) await ask(place, order, { wait: true, signal })
      await delay(LOOK_MS)
    }
  }
}
