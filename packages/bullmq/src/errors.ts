import { HoldfastError } from '@holdfast/core'

/**
 * `JOB_LOCK_LOST`: the reason of the signal when BullMQ's lock of the job is lost. Stop working: the execution is released, and
 * the next delivery of the job continues it from its checkpoint.
 */
export class JobLockLostError extends HoldfastError {
  constructor(queue: string, jobId: string | undefined) {
    super(
      'JOB_LOCK_LOST',
      `BullMQ's lock of job ${jobId} in ${queue} is lost: its worker did not renew it within lockDuration, or the job was removed. Stop working; the next delivery continues the work.`,
    )
  }
}
