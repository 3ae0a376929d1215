// #region server
import { once } from 'node:events'
import { createHoldfast } from '@holdfast/core'
import { createHangfire, handle } from '@holdfast/hangfire-compat'
import { ioredisClient, ioredisStorage } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'
import { review } from './review-job.ts'

/** Runs the reviews of the queue `node`, four at a time, until the signal aborts. */
export async function serveReviews(
  redis: Redis,
  read: (repository: string, signal: AbortSignal) => Promise<number>,
  until: AbortSignal,
): Promise<void> {
  const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'reviews' })
  const hangfire = createHangfire({ client: ioredisClient(redis), prefix: '{hangfire}:' })
  const server = await hangfire.serve({ queues: ['node'], concurrency: 4, holdfast }, [
    handle(
      review,
      {
        automaticRetry: { attempts: 2, onAttemptsExceeded: 'delete' },
        disableConcurrentExecution: { waitMs: 300_000 },
      },
      async ([reviewId, repository], job) => {
        await job.updateProgress(40, `reading ${repository} for ${reviewId}`)
        return await read(repository, job.signal)
      },
    ),
  ])
  await once(until, 'abort')
  await server.stop({ graceMs: 15_000 })
  await hangfire.close()
  await holdfast.close()
}
// #endregion
