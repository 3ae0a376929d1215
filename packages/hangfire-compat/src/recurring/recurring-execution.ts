import type { JobWrite } from '../transitions/job-write.ts'
import type { Dialect } from '../wire/dialect.ts'
import type { Invocation } from '../wire/invocation.ts'
import { encodeJob } from '../wire/job-hash.ts'
import { checkQueueName } from '../wire/queue-name.ts'

export interface RecurringExecution {
  /** Of the recurring job. */
  readonly id: string
  readonly jobId: string
  readonly call: Invocation
  readonly queue: string
  /** The instant that it is for. */
  readonly at: number
  readonly now: number
  readonly reason: string
}

/** A job that a recurring job makes. */
export function recurringExecution(execution: RecurringExecution, dialect: Dialect): JobWrite {
  const { id, jobId, call, at, now, reason } = execution
  const queue = checkQueueName('The queue of the recurring job', execution.queue)
  const job = {
    invocation: { ...call, queue },
    createdAt: now,
    stateName: 'Enqueued',
    recurringJobId: id,
    recurredAt: at,
  }
  return {
    id: jobId,
    from: 'new',
    fields: encodeJob(job, dialect),
    steps: [{ name: 'Enqueued', enqueuedAt: now, queue, reason }],
  }
}
