import { InvalidArgumentError, fingerprintOf } from '@holdfast/core'
import type { Job } from 'bullmq'
import type { Settings } from './options.ts'

/** The work that a job is for, as the records name it. */
export interface Work {
  readonly jobType: string
  readonly jobKey: string
}

/** @throws what the functions of the options throw */
export function workOf<Data, Name extends string>(
  job: Job<Data, unknown, Name>,
  { key, jobType }: Pick<Settings<Data, Name>, 'key' | 'jobType'>,
): Work {
  const type = typeof jobType === 'function' ? jobType(job) : (jobType ?? `${job.queueName}:${job.name}`)
  if (typeof key === 'function') return { jobType: type, jobKey: key(job) }
  return { jobType: type, jobKey: key === 'data' ? fingerprintOf(job.data) : keyOfJob(job) }
}

/**
 * The slot of a job scheduler for which BullMQ has made this job, undefined for other jobs. It is the same instant for every
 * queue and every process with that schedule: a key made of it is shared with them.
 */
export function slotOf(job: Pick<Job, 'id' | 'repeatJobKey'>): Date | undefined {
  if (job.repeatJobKey === undefined) return undefined
  const [, millis] = /:(\d+)$/.exec(job.id ?? '') ?? []
  return millis === undefined ? undefined : new Date(Number(millis))
}

/**
 * An id alone is not enough: it is used again when the queue was emptied, or the job removed. A job of a scheduler has its
 * slot in its id, and BullMQ may make it twice for one slot, when the scheduler is written again.
 */
function keyOfJob(job: Job<unknown, unknown>): string {
  if (job.id === undefined)
    throw new InvalidArgumentError('The job has no id: it was not taken from a queue.')
  return slotOf(job) === undefined ? `${job.id}@${new Date(job.timestamp).toISOString()}` : job.id
}
