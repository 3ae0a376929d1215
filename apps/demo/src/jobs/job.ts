import type { Logger } from 'pino'
import type { GitRepository } from '../review/git-repository.ts'
import type { Reviewer } from '../review/reviewer.ts'
import type { Review } from '../store/reviews.ts'
import type { Store } from '../store/store.ts'

/** One kind of work; what it works on is a review, whose id is the job's key. */
export interface Job {
  readonly type: JobType
  run(context: JobContext): Promise<JobResult>
}

export const JOB_TYPES = [
  'ai-review',
  'risk-assessment',
  'improvement-suggestions',
  'pull-request-summary',
  'comprehensive-analysis',
] as const

export type JobType = (typeof JOB_TYPES)[number]

export function isJobType(type: string): type is JobType {
  return (JOB_TYPES as readonly string[]).includes(type)
}

/** Recorded as the execution's result, so that every duplicate gets it too. */
export interface JobResult {
  /** `skipped`: there was nothing to do, which is a success. */
  readonly outcome: 'done' | 'skipped'
  readonly summary: string
}

/** What a job body may use. */
export interface JobContext {
  readonly jobType: JobType
  readonly reviewId: string
  readonly execution: JobExecution
  readonly store: Store
  readonly reviewer: Reviewer
  /** Every line of it carries the executionId. */
  readonly log: Logger
  openRepository(path: string): Promise<GitRepository>
  /** Reads from the repository of a review, where its newest commit is checked out if jobs have a work tree. */
  inCheckout<T>(review: Review, read: (repository: GitRepository) => Promise<T>): Promise<T>
  /** Reports to the witness that this body enters a stage. */
  witnessStage(title: string): void
  /** Runs another job for the same review, under idempotency; one that runs elsewhere is waited for. */
  runNested(type: JobType): Promise<JobResult>
  /** Asks the payment provider, which may take its time, whether the customer can be charged. */
  askBank(): Promise<void>
  readonly instance: string
  /** The pause of `--pace`, for people to see the progress. */
  pace(): Promise<void>
}

/** As much of a Holdfast execution as jobs use. */
export interface JobExecution {
  readonly executionId: string
  readonly attempt: number
  /** Undefined in the control run, without Holdfast. */
  readonly fencingToken: number | undefined
  readonly signal: AbortSignal
  /** What an earlier attempt saved, undefined in the first. */
  readonly checkpoint: unknown
  updateProgress(percent: number, message?: string): Promise<void>
  saveCheckpoint(value: unknown): Promise<void>
  extendTimeout(additionalMs: number): Promise<void>
}
