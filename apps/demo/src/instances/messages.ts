import type { JobType } from '../jobs/job.ts'

/** Everything an instance must know to start; a separate process finds it in {@link SETTINGS_VARIABLE}. */
export interface InstanceSettings {
  readonly name: string
  readonly client: ClientName
  /** Absent for memory storage. */
  readonly redisUrl?: string
  readonly databasePath: string
  readonly logPath: string
  readonly leaseMs: number
  readonly paceMs: number
}

export type ClientName = 'ioredis' | 'node-redis' | 'memory'

/** Not an argument: everybody may read those, and the URL may have a password. */
export const SETTINGS_VARIABLE = 'HOLDFAST_DEMO_INSTANCE'

/** Start these jobs for this review, all at once. */
export interface FireRequest {
  readonly reviewId: string
  readonly jobs: readonly JobType[]
  /** When to start, in milliseconds since the epoch: all instances of a machine at the same moment. */
  readonly at: number
  /** What a start does while the job runs elsewhere: be turned away, or stay with it and take over if its owner dies. */
  readonly onInProgress: 'reject' | 'wait'
}

/** The outcome of one start of a job, as its caller got it. */
export interface CallOutcome {
  readonly instance: string
  readonly jobType: JobType
  /** Started by another job's body. */
  readonly nested: boolean
  readonly status: 'executed' | 'replayed' | 'turnedAway' | 'failed'
  readonly message: string
}

export type ToInstance =
  | { readonly type: 'fire'; readonly id: number; readonly request: FireRequest }
  | { readonly type: 'close' }

export type FromInstance =
  | { readonly type: 'ready' }
  | { readonly type: 'outcome'; readonly outcome: CallOutcome }
  /** Every start of the request with this id has come to something. */
  | { readonly type: 'settled'; readonly id: number }
  | { readonly type: 'unusable'; readonly reason: string }
