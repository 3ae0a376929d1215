import { defineHangfireJob, t } from '@holdfast/hangfire-compat'

/** Of these the contract is made, which .NET compiles. */

const options = t.object('Acme.Live.ReviewOptions, Acme.Contracts', {
  Model: t.nullable(t.string),
  MaxTokens: t.nullable(t.int32),
  Severity: t.enumeration('Acme.Live.Severity, Acme.Contracts', { Low: 0, High: 5 }),
  Tags: t.list(t.string),
})

export const contracted = defineHangfireJob({
  type: 'Acme.Live.INodeReviews, Acme.Contracts',
  method: 'Review',
  queue: 'node',
  parameters: [t.guid, t.string, t.nullable(options), t.cancellationToken],
})
