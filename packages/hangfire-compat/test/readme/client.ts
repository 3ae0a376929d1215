// #region client
import { createHangfire, defineHangfireJob, t } from '@holdfast/hangfire-compat'
import { ioredisClient } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'

const jobsType = 'Acme.Reviews.AiReviewJobs, Acme.Reviews'

/** C#: Task ProcessReviewAsync(Guid reviewId, string repository, CancellationToken token), [Queue("ai-review")] */
const processReview = defineHangfireJob({
  type: jobsType,
  method: 'ProcessReviewAsync',
  queue: 'ai-review',
  parameters: [t.guid, t.string, t.cancellationToken],
})

/** C#: void Notify(string text) */
const notify = defineHangfireJob({ type: jobsType, method: 'Notify', parameters: [t.string] })

/** Has .NET review a repository, and say so when it has succeeded. */
export async function reviewInDotnet(redis: Redis, reviewId: string, repository: string): Promise<string> {
  const hangfire = createHangfire({ client: ioredisClient(redis), prefix: '{hangfire}:' })
  try {
    const id = await hangfire.jobs.enqueue(processReview, [reviewId, repository])
    await hangfire.jobs.continueWith(id, notify, [`${repository} is reviewed`])
    return id
  } finally {
    await hangfire.close()
  }
}
// #endregion
