import type { Holdfast } from '@holdfast/core'
import type { InstanceState } from '../../events/snapshot.ts'
import type { JobResult, JobType } from '../../jobs/job.ts'
import type { StartPolicy } from '../guard.ts'
import { answerTo } from './answer.ts'

/** An instance as its callers see it: a small HTTP service of this machine, with health (`/health`) and liveness (`/live`). */
export interface Service {
  readonly port: number
  /** Takes no more requests, and waits for those that it has. */
  close(): Promise<void>
}

export interface StartJobPolicy extends StartPolicy {
  /** This start runs the job: called before it begins. */
  readonly onRun?: () => void
}

/** Starts a job, and resolves with its result, no matter which instance ran it. */
export type StartJob = (
  jobType: JobType,
  reviewId: string,
  policy: StartJobPolicy,
  callId?: string,
) => Promise<JobResult>

/** Opens the service on a framework; the other one is not even loaded. @param key without it, every caller can start jobs */
export async function openService(
  framework: InstanceState['framework'],
  holdfast: Holdfast,
  start: StartJob,
  key?: string,
): Promise<Service> {
  const answers = answerTo(start, key)
  switch (framework) {
    case 'fastify':
      return await (await import('./fastify-service.ts')).openFastify(holdfast, answers)
    case 'nest':
      return await (await import('./nest-service.ts')).openNest(holdfast, answers)
  }
}
