import { defineHangfireJob, t } from '@holdfast/hangfire-compat'

/** Only the demo's instances may listen on it: .NET has no class for the job. */
export const REVIEW_QUEUE = 'ai-review'

/**
 * A review as a job of Hangfire. C#: `Task Review(string repository, string range, CancellationToken token)`, as in
 * `hangfire/Contract.cs`. Both sides pass the same: the name of the repository, and the commits as git writes them.
 */
export const reviewJob = defineHangfireJob({
  type: 'AIReview.Contracts.IReviewJobs, AIReview.Contracts',
  method: 'Review',
  queue: REVIEW_QUEUE,
  parameters: [t.string, t.string, t.cancellationToken],
})
