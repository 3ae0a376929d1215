import type { HangfireSettings } from '../hangfire/settings.ts'
import type { Measures } from './measures.ts'
import type { ReviewerMode } from '../events/page-event.ts'
import type { InstanceState } from '../events/snapshot.ts'
import type { ModelSettings } from '../model/model-settings.ts'
import type { JobType } from '../jobs/job.ts'
import type { Tell, Telling } from './telling.ts'

/** Everything an instance must know to start. A separate process receives it as the first message. */
export interface InstanceSettings {
  readonly name: string
  readonly client: ClientName
  /** Absent for memory storage. */
  readonly redisUrl?: string
  readonly databasePath: string
  readonly logPath: string
  readonly leaseMs: number
  /** So long a completed job answers every start with its result. Absent: as core has it. */
  readonly windowMs?: number
  readonly paceMs: number
  /** False: the control run. The jobs run as they are, with nothing around them. */
  readonly withHoldfast: boolean
  /** It tells what happens in it while it happens, for pages that look at it live. */
  readonly tells?: boolean
  /** It is a service on this framework, and its starts are requests. Absent: the coordinator asks it directly. */
  readonly framework?: InstanceState['framework']
  /** What requests must show. Absent: every caller of this machine can start jobs. */
  readonly key?: string
  /** Its reviews do not heed the loss of their lease: see `carelessly`. */
  readonly isCareless?: boolean
  /** The work tree that all instances share, one at a time. Absent: jobs read from the repository itself. */
  readonly workTree?: string
  /** The second reviewer. Absent: there is none. */
  readonly model?: ModelSettings
  /** Absent: nothing is removed. */
  readonly cleanUp?: CleanUpSettings
  /** It runs jobs of this Hangfire, too. */
  readonly hangfire?: HangfireServerSettings
}

export interface HangfireServerSettings extends HangfireSettings {
  /** How Hangfire calls the instance, before its process: no other has this name. */
  readonly server: string
}

/** A job of Hangfire, by what it asks for. */
export interface AskedByJob {
  readonly jobId: string
  readonly repository: string
  readonly range: string
}

/** The id of the review, or why there is nothing to review. */
export type OpenedReview = { readonly review: string } | { readonly problem: string }

/** What every instance does again and again, one of them at each tick. */
export interface CleanUpSettings {
  /** As cron has it, with seconds, in UTC. */
  readonly schedule: string
  /** What is younger stays. */
  readonly keepMs: number
}

/** What an instance tells and asks the coordinator. */
export interface Reports {
  readonly onOutcome: (outcome: CallOutcome) => void
  /** Plays the payment provider: resolves when the customer may be charged. */
  readonly askBank: (instance: string) => Promise<void>
  /** The review that a job of Hangfire asks for. Only of instances that have such jobs. */
  readonly openReview?: (asked: AskedByJob) => Promise<OpenedReview>
  /** Only of instances that tell. */
  readonly onTold?: Tell
}

export type ClientName = 'ioredis' | 'node-redis' | 'memory'

/** Start these jobs for this review, all at once. */
export interface FireRequest {
  readonly reviewId: string
  readonly jobs: readonly JobType[]
  /** When to start, in milliseconds since the epoch: all instances of a machine at the same moment. */
  readonly at: number
  /** While the job runs elsewhere, a start is turned away, or waits for it and takes over if its owner dies. */
  readonly onInProgress: 'reject' | 'wait'
  /** What a start does after a failure, also one that it has waited for. Default: it runs the job again. */
  readonly onFailed?: 'rerun' | 'replay'
  /** What events call the start, when it is a start of one job. */
  readonly callId?: string
}

/**
 * `unavailable`: Redis did not answer, and the job was not run. `tooLate`: the job was run, but another instance had taken it
 * over.
 */
export type OutcomeStatus = 'executed' | 'replayed' | 'turnedAway' | 'unavailable' | 'tooLate' | 'failed'

/** The outcome of one start of a job, as its caller got it. */
export interface CallOutcome {
  readonly instance: string
  readonly jobType: JobType
  /** Started by another job. */
  readonly nested: boolean
  readonly status: OutcomeStatus
  /** From the start to its outcome. */
  readonly tookMs: number
  readonly message: string
}

/** The first message of a separate process. */
export interface SettingsMessage {
  readonly type: 'settings'
  readonly settings: InstanceSettings
}

export type ToInstance =
  | { readonly type: 'fire'; readonly id: number; readonly request: FireRequest }
  | { readonly type: 'bankAgrees'; readonly id: number }
  | { readonly type: 'openedReview'; readonly id: number; readonly opened: OpenedReview }
  | { readonly type: 'reviewer'; readonly mode: ReviewerMode }
  | { readonly type: 'measure'; readonly id: number }
  | { readonly type: 'close' }

export type FromInstance =
  /** `port`: where it takes requests, if it does. */
  | { readonly type: 'ready'; readonly port: number | undefined }
  | { readonly type: 'outcome'; readonly outcome: CallOutcome }
  | { readonly type: 'askBank'; readonly id: number }
  | { readonly type: 'openReview'; readonly id: number; readonly asked: AskedByJob }
  /** Every start of the request with this id has come to something. */
  | { readonly type: 'settled'; readonly id: number }
  | { readonly type: 'measured'; readonly id: number; readonly metrics: Measures }
  | { readonly type: 'unusable'; readonly reason: string }
  | { readonly type: 'told'; readonly telling: Telling }
