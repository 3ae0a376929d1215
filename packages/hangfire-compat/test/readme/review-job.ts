// #region job
import { defineHangfireJob, t } from '@holdfast/hangfire-compat'

interface ReviewOptions {
  readonly Model?: string
  readonly Deadline?: string
}

/** C#: Task Review(Guid reviewId, string repository, ReviewOptions? options, CancellationToken token) */
export const review = defineHangfireJob({
  type: 'Acme.Contracts.INodeReviews, Acme.Contracts',
  method: 'Review',
  queue: 'node',
  parameters: [
    t.guid,
    t.string,
    t.nullable(t.object<ReviewOptions>('Acme.Contracts.ReviewOptions, Acme.Contracts')),
    t.cancellationToken,
  ],
})
// #endregion
