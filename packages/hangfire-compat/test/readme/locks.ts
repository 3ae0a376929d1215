import type { Redis } from 'ioredis'
// #region lock
import { createHangfireLocks, hangfireLockResource } from '@holdfast/hangfire-compat'
import { ioredisClient } from '@holdfast/redis-ioredis'

/** What [DisableConcurrentExecution(300)] on Acme.Reviews.AiReviewJobs.ProcessReviewAsync locks in .NET. */
const resource = hangfireLockResource({
  type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews',
  method: 'ProcessReviewAsync',
})

export async function reviewAlone(
  redis: Redis,
  review: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const locks = createHangfireLocks(ioredisClient(redis), { prefix: '{hangfire}:' })
  try {
    await locks.run(resource, { waitMs: 300_000 }, async (lease) => await review(lease.signal))
  } finally {
    await locks.close()
  }
}
// #endregion
