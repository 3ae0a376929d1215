import { work } from '../work.ts'

// #region handler
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda'
// Outside the handler: made once, and used by all invocations of this environment.
import { holdfast } from '../holdfast.ts'

/** What is left for the answer when the body has ended. */
const RESERVE_MS = 1_000

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const batchItemFailures: { itemIdentifier: string }[] = []
  for (const { messageId, body } of event.Records) {
    const { order } = JSON.parse(body) as { order: string }
    const remainingMs = context.getRemainingTimeInMillis()
    try {
      const { status } = await holdfast.idempotency.run(
        'ship',
        order, // not messageId: who sends a message twice gives it two
        {
          // Lambda ends this process by then at the latest, so the lease holds without a renewal.
          leaseMs: remainingMs + RESERVE_MS,
          // Aborts the signal while there is still time to say that it failed.
          timeoutMs: Math.max(1, remainingMs - RESERVE_MS),
        },
        async ({ attempt, signal }) => await work(`ship ${order} attempt ${attempt}`, signal),
      )
      console.log(order, status)
    } catch (error) {
      // Also EXECUTION_IN_PROGRESS: the queue sends it again, and gets the recorded end.
      console.log(order, (error as { code?: string }).code ?? (error as Error).message)
      batchItemFailures.push({ itemIdentifier: messageId })
    }
  }
  return { batchItemFailures }
}
// #endregion
