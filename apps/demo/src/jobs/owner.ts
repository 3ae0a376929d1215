import type { EffectOwner } from '../store/fenced.ts'
import type { JobContext } from './job.ts'

/** Who writes an effect of this job, for the database to refuse it from an attempt that has been replaced. */
export function ownerOf({ jobType, reviewId, instance, execution }: JobContext, kind: string): EffectOwner {
  return { jobType, reviewId, kind, instance, fencingToken: execution.fencingToken }
}
