import type { HangfireJob } from '../jobs/job-definition.ts'
import type { HangfireContext } from '../storage/context.ts'
import type { ContinueOn } from '../wire/continuations.ts'
import { continueJob } from './continue-job.ts'
import { type CreateOptions, type ScheduleOptions, enqueueJob, scheduleJob } from './create-jobs.ts'
import { deleteJob, requeueJob } from './change-jobs.ts'
import { servedQueues } from './queue-servers.ts'
import { wakeUps } from './wake-ups.ts'

/**
 * Creates jobs, and requeues and deletes them, beside .NET's clients.
 *
 * - A job is created by one script: all of it or nothing. After a lost reply it is asked for again with the same id, which makes
 *   no second job; after `STORAGE_UNAVAILABLE` you may do the same, when you pass the `id`.
 * - A value that .NET could not bind, or a queue that it would refuse, throws `INVALID_ARGUMENT` before anything is written.
 * - While .NET changes the state of the same job, a change waits, for 30 s at most: then it is `LOCK_TIMEOUT`, which names the value
 *   of .NET's lock.
 * - Nothing is written before the dialect of the prefix is known: else every call throws `HANGFIRE_DIALECT_UNKNOWN`.
 */
export interface HangfireJobs {
  /**
   * Puts a job into its queue.
   *
   * @returns its id, a GUID
   */
  enqueue<Values extends readonly unknown[]>(
    job: HangfireJob<readonly unknown[], Values>,
    values: NoInfer<Values>,
    options?: CreateOptions,
  ): Promise<string>
  /**
   * Enqueues a job later. In a shared prefix .NET's scheduler does that as well, and then loads the type.
   *
   * @returns its id, a GUID
   */
  schedule<Values extends readonly unknown[]>(
    job: HangfireJob<readonly unknown[], Values>,
    values: NoInfer<Values>,
    options: ScheduleOptions,
  ): Promise<string>
  /**
   * Enqueues a job when another one has ended; at once, if it has.
   *
   * @returns its id, a GUID
   * @throws HangfireJobMissingError `HANGFIRE_JOB_MISSING` when Redis does not have the parent
   */
  continueWith<Values extends readonly unknown[]>(
    parentId: string,
    job: HangfireJob<readonly unknown[], Values>,
    values: NoInfer<Values>,
    options?: ContinueOptions,
  ): Promise<string>
  /**
   * Puts a job into its queue again, whatever its state: a failed one, or one that its server lost. One that is in progress runs
   * twice, as in .NET. Its `RetryCount` stays, as in .NET: the next failure of a job that used all its attempts is final.
   *
   * @param options `queue`: default: that of its definition, where this process has used it, else the one that it was in last
   * @returns false: Redis has no such job
   */
  requeue(id: string, options?: { readonly queue?: string | undefined }): Promise<boolean>
  /**
   * Moves a job to Deleted, whatever its state. One that is in progress is cancelled within seconds. Where .NET is creating a job
   * that waits for this one, the call waits until that job has its state, for 60 s at most, as .NET does.
   *
   * @returns false: Redis has no such job
   */
  delete(id: string): Promise<boolean>
}

/** How a job is created that waits for another one. */
export interface ContinueOptions extends CreateOptions {
  /** After which end of the parent it starts; after another one it is deleted. Default: `succeeded`. */
  readonly on?: ContinueOn | undefined
}

export type { CreateOptions, ScheduleOptions }

export interface OpenJobs extends HangfireJobs {
  /** Ends what it does in the background. */
  close(): void
}

export function hangfireJobs(context: HangfireContext): OpenJobs {
  const [served, wake] = [servedQueues(context), wakeUps(context)]
  return {
    async enqueue(job, values, options = {}) {
      const { id, queue } = await enqueueJob(context, job, values, options)
      served.check(job, queue)
      wake.again(queue, id)
      return id
    },
    async schedule(job, values, options) {
      const { id, queue } = await scheduleJob(context, job, values, options)
      served.check(job, queue)
      return id
    },
    async continueWith(parentId, job, values, options = {}) {
      const { id, queue } = await continueJob(context, parentId, job, values, options)
      served.check(job, queue)
      wake.again(queue, id)
      return id
    },
    async requeue(id, options = {}) {
      const queue = await requeueJob(context, id, options)
      if (queue !== undefined) wake.again(queue, id)
      return queue !== undefined
    },
    delete: (id) => deleteJob(context, id),
    close: () => wake.close(),
  }
}
