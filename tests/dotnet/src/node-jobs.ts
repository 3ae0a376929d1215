import { defineHangfireJob, t } from '@holdfast/hangfire-compat'
import { everyKind } from './jobs.ts'

/** The interfaces in program/Jobs.cs, which have no class in .NET: Node runs them. Each names its queue, so .NET requeues into it. */
export const nodeKinds = defineHangfireJob({
  type: 'Acme.Reviews.INodeKinds, Acme.Reviews',
  method: 'Kinds',
  queue: 'node',
  parameters: everyKind,
})
export const queued = defineHangfireJob({
  type: 'Acme.Reviews.INodeQueueJobs, Acme.Reviews',
  method: 'Review',
  queue: 'node',
  parameters: [t.guid, t.cancellationToken],
})
/** Its interface names no queue: where it goes depends on who puts it there. */
export const plain = defineHangfireJob({
  type: 'Acme.Reviews.INodeReviewJobs, Acme.Reviews',
  method: 'Review',
  queue: 'node',
  parameters: [t.guid, t.string, t.nullable(t.object('Acme.Reviews.ReviewOptions, Acme.Reviews'))],
})
export const nodeWitness = defineHangfireJob({
  type: 'Acme.Reviews.INodeWitness, Acme.Reviews',
  method: 'Run',
  queue: 'node',
  parameters: [t.string, t.int32],
})
