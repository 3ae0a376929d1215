import { randomUUID } from 'node:crypto'
import type { Work } from '../events/page-event.ts'
import type { JobType } from '../jobs/job.ts'
import type { Member } from './member.ts'

/** The instances learn of a start so long before its moment. */
const AIM_MS = 150

/** Starts of one moment. */
export interface Story {
  readonly work: Work
  readonly starts: readonly Start[]
}

export interface Start {
  readonly callId: string
  readonly jobType: JobType
  readonly instance: string
  readonly onInProgress: 'reject' | 'wait'
  readonly onFailed: 'rerun' | 'replay'
}

export interface StartPlan {
  readonly jobType: JobType
  readonly instances: readonly string[]
  readonly times: number
  /** The last ones: they wait for the result. */
  readonly waiting: number
  /** Which of them run the job again after a failure. */
  readonly reruns: 'all' | 'first' | 'none'
}

/** Shares the starts of one job out among instances. */
export function planStarts({ jobType, instances, times, waiting, reruns }: StartPlan): readonly Start[] {
  return Array.from({ length: times }, (_, index) => ({
    callId: randomUUID(),
    jobType,
    instance: instances[index % instances.length] ?? '',
    onInProgress: index < times - waiting ? 'reject' : 'wait',
    onFailed: reruns === 'all' || (reruns === 'first' && index === 0) ? 'rerun' : 'replay',
  }))
}

/** Sends the starts, all for one moment. */
export function send({ work, starts }: Story, members: readonly Pick<Member, 'name' | 'fire'>[]): void {
  const at = Date.now() + AIM_MS
  for (const { callId, jobType, instance, onInProgress, onFailed } of starts) {
    const member = members.find(({ name }) => name === instance)
    const request = { reviewId: work.jobKey, jobs: [jobType], at, onInProgress, onFailed, callId }
    // `call.answered` says how it ended.
    void member?.fire(request)
  }
}
