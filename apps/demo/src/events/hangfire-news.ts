import type { JobCreator } from '../store/hangfire-jobs.ts'

/** The Hangfire that reviews go through, whenever something of it has changed. */
export interface HangfireNews extends HangfireState {
  readonly type: 'hangfire'
}

export interface HangfireState {
  /** Of its Redis, without user and password. */
  readonly address: string
  readonly prefix: string
  readonly queue: string
  /** The address of its dashboard; null: the settings name none. */
  readonly dashboard: string | null
  readonly state: 'up' | 'unreachable'
  /** How many jobs are in the queue, as it was seen last. */
  readonly waiting: number
}

/** The newest job of a review. */
export interface HangfireJobSummary {
  readonly jobId: string
  readonly creator: JobCreator
  /** `Enqueued`, `Processing`, `Succeeded`, `Failed` …; null: not known. */
  readonly state: string | null
}

/** A job of a review, with all states that it had. */
export interface HangfireJobView extends HangfireJobSummary {
  /** Oldest first, by the clock of who wrote them. Empty: Hangfire does not answer, or has it no more. */
  readonly history: readonly { readonly state: string; readonly at: number; readonly reason: string | null }[]
}
