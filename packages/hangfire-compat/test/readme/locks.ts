// #region lock
import { createHangfire, hangfireLockResource } from '@holdfast/hangfire-compat'
import { ioredisClient } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'

/** What [DisableConcurrentExecution(300)] on Acme.Reviews.AiReviewJobs.ProcessReviewAsync locks in .NET. */
const resource = hangfireLockResource({
  type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews',
  method: 'ProcessReviewAsync',
})

export async function reviewAlone(
  redis: Redis,
  review: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const hangfire = createHangfire({ client: ioredisClient(redis), prefix: '{hangfire}:' })
  try {
    await hangfire.locks.run(resource, { waitMs: 300_000 }, async (lease) => await review(lease.signal))
  } finally {
    await hangfire.close()
  }
}
// #endregion
