import { LeaseLostError } from '@holdfast/core'

/**
 * `LEASE_LOST` of a job: it is no longer Processing by the worker that runs it. `state` is what it was found in: `Deleted` or
 * `Enqueued` when a user deleted or requeued it, `Processing` when another worker has it, '' when Redis knows it no more.
 */
export class HangfireJobLostError extends LeaseLostError {
  readonly jobId: string
  readonly state: string

  constructor(jobId: string, state: string) {
    const what =
      state === ''
        ? 'Redis does not know it any more'
        : state === 'Processing'
          ? 'another worker has it'
          : `its state is ${state}`
    super(`Job ${jobId} is no longer this worker's: ${what}. What this run returns is not recorded.`)
    this.jobId = jobId
    this.state = state
  }
}
