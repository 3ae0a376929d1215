import type { JobType } from '../jobs/job.ts'
import type { HangfireNews } from './hangfire-news.ts'
import type { ReviewNews } from './review-news.ts'
import type { ControlOutcome, Sums } from './sums.ts'

/**
 * What the page is fed with. All of it is what the dashboard of any user could have: core's diagnostics channels, questions to
 * the storage, rows that the jobs wrote, and the acts of the part that did them.
 */
export type PageEvent = Stamp & PageNews

/** Where and when it happened, and its place in the stream. */
export interface Stamp {
  /** Grows by one with every event of a run of the server. */
  readonly seq: number
  /**
   * When it happened, in milliseconds since 1970 on the clock of the host (`performance.timeOrigin + performance.now()`),
   * stamped where it happens. A process that was frozen tells its story late: events of different sources do not arrive in order.
   */
  readonly at: number
  /** An instance by its name, or `coordinator`, `observer`, `database`. */
  readonly source: string
}

export type PageNews =
  | CallNews
  | AttemptNews
  | DatabaseNews
  | ProcessNews
  | RedisNews
  | LockNews
  | CacheNews
  | ReviewNews
  | HangfireNews
  | LogNews
  | TourNews
  | ReviewerNews

/** A job and what it works on: one piece of work, no matter which caller starts it. */
export interface Work {
  readonly jobType: JobType
  readonly jobKey: string
}

/** How a start ended, by the answer that its caller got. */
export type CallOutcome =
  /** This start ran the job. */
  | 'ran'
  /** It got a stored result at once. */
  | 'stored'
  /** It waited, for another process or for an execution in its own process, and got the result. */
  | 'waited'
  /** The job runs elsewhere, and the caller did not want to wait. */
  | 'turnedAway'
  /** Redis did not answer; nothing ran. */
  | 'noRedis'
  /** It ran the job, and another instance had taken it over meanwhile. */
  | 'tooLate'
  | 'failed'

export type CallNews =
  | (Work & {
      readonly type: 'call.asked'
      readonly callId: string
      readonly policy: 'reject' | 'wait'
      /** The execution that started it, when a job did. */
      readonly parentExecutionId: string | null
    })
  | {
      readonly type: 'call.waiting'
      readonly callId: string
      /** For this execution, which that instance runs. */
      readonly executionId: string
      readonly behind: string | null
    }
  | {
      readonly type: 'call.answered'
      readonly callId: string
      readonly outcome: CallOutcome
      readonly executionId: string | null
      /** From the start to its answer. */
      readonly tookMs: number
      /** Of the error, when it got one. */
      readonly code: string | null
      readonly message: string
    }

export type AttemptNews =
  | (Work & {
      readonly type: 'attempt.started'
      readonly executionId: string
      readonly callId: string | null
      readonly attempt: number
      readonly fencingToken: number
      readonly leaseMs: number
      readonly parentExecutionId: string | null
      readonly takenOverFrom: string | null
      readonly takenOverFromInstance: string | null
      /** The last saved step that it goes on from; 0 when it begins from the start. */
      readonly fromPercent: number
    })
  | {
      /** Of the observer, who watches every execution: also of one whose owner has fallen silent. */
      readonly type: 'attempt.seen'
      readonly executionId: string
      readonly percent: number
      readonly message: string | null
      /** When its lease ends unless it is renewed; by the host's clock. */
      readonly leaseEndsAt: number
      readonly stalled: boolean
    }
  | {
      readonly type: 'attempt.ended'
      readonly executionId: string
      readonly outcome: 'completed' | 'failed' | 'released' | 'lost' | 'unconfirmed' | 'abandoned'
      /** Of `lost`: why. */
      readonly reason: string | null
      readonly message: string | null
      readonly ranMs: number
    }

/** What the tables of SQLite say: the only witness that counts. */
export type DatabaseNews =
  | (Work & {
      readonly type: 'row'
      readonly event: 'begin' | 'stage' | 'end' | 'failed'
      readonly executionId: string
      readonly attempt: number
      readonly instance: string
      readonly detail: string
    })
  | (Work & {
      readonly type: 'effect.saved'
      readonly effect: string
      readonly instance: string
      readonly fencingToken: number
    })
  | (Work & {
      readonly type: 'effect.refused'
      readonly effect: string
      readonly instance: string
      readonly fencingToken: number
      /** The larger one that the effect has seen. */
      readonly newestToken: number
    })
  | {
      /** One instance has cleaned up at this tick of the schedule that all of them run. */
      readonly type: 'clean-up'
      /** The tick, by the schedule. */
      readonly slot: number
      readonly instance: string
      readonly fencingToken: number
      /** Ids of those that were removed. */
      readonly reviews: readonly string[]
      readonly lines: number
    }
  | {
      /** The same starts without Holdfast, once that control run has ended: what its own database counted. */
      readonly type: 'control.ran'
      readonly starts: readonly {
        readonly callId: string
        readonly outcome: ControlOutcome
      }[]
    }
  | ({ readonly type: 'verdict' } & Verdict)
  /** What callers were answered, all together; counted by the server. */
  | ({ readonly type: 'sums' } & Sums)

/** Counted in the database, of all work since the server started. */
export interface Verdict {
  /** Pieces of work that callers asked for, and that have ended. */
  readonly ended: number
  /** Those that only jobs asked for: they are part of a result, and none for themselves. */
  readonly parts: number
  /** Those that ended, or charged, more than once. Zero, or Holdfast has failed. */
  readonly twice: number
  readonly refusedWrites: number
  /** Charges that the control run made beyond the first of each piece of work. */
  readonly controlTooMany: number
}

/** What was done to a process, by the part that did it, never by the victim. */
export type ProcessNews =
  | { readonly type: 'instance.started'; readonly instance: string; readonly pid: number | null }
  | { readonly type: 'instance.killed'; readonly instance: string }
  /** It ended without having been asked to. */
  | { readonly type: 'instance.exited'; readonly instance: string; readonly reason: string }
  | { readonly type: 'instance.frozen' | 'instance.thawed'; readonly instance: string }
  | { readonly type: 'instance.cut' | 'instance.restored'; readonly instance: string }
  /** What its Redis client sees. */
  | {
      readonly type: 'connection'
      readonly instance: string
      readonly state: 'lost' | 'ready'
      readonly reason: string | null
    }
  | { readonly type: 'breaker'; readonly instance: string; readonly state: 'open' | 'closed' }

export type RedisNews =
  | { readonly type: 'redis.stopped' | 'redis.started' }
  /** Once a second while a page looks. */
  | { readonly type: 'redis.answered'; readonly roundTripMs: number }

/** The whole of one lock or semaphore, whenever it has changed. */
export interface LockNews {
  readonly type: 'lock'
  readonly name: string
  readonly permits: number
  readonly holders: readonly {
    readonly instance: string
    readonly token: string
    readonly fencingToken: number
    readonly heldMs: number
    readonly leaseRemainingMs: number
    readonly leaseMs: number
  }[]
  readonly waiting: readonly { readonly instance: string; readonly waitedMs: number }[]
  /** Who had it last, and when, by the host's clock; null when no instance has. */
  readonly last: { readonly instance: string; readonly at: number } | null
}

/** What one namespace of one instance's cache did since its sample before. */
export interface CacheNews {
  readonly type: 'cache.sample'
  readonly instance: string
  readonly namespace: string
  readonly fromMemory: number
  readonly fromRedis: number
  readonly shared: number
  readonly loaded: number
  readonly refusedFills: number
  /** Loads that ran without Redis. */
  readonly bypassed: number
}

/** A visitor has made the reviewer slow or failing on all instances, or normal again. */
export interface ReviewerNews {
  readonly type: 'reviewer'
  readonly mode: ReviewerMode
}

export type ReviewerMode = 'normal' | 'slow' | 'failing'

/** A line of an instance's log, or of the coordinator's. */
export interface LogNews {
  readonly type: 'log'
  readonly instance: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly executionId: string | null
  readonly jobType: string | null
  readonly jobKey: string | null
}

export type TourNews =
  /** A story that the axis names: a step of the tour, or an act of a user. */
  | {
      readonly type: 'chapter.began'
      readonly chapterId: string
      readonly title: string
      readonly step: number | null
    }
  | { readonly type: 'chapter.ended'; readonly chapterId: string }
  | ({ readonly type: 'tour' } & TourState)

/** Where the tour stands. Its texts are finished: numbers and names come from what happened. */
export interface TourState {
  /** Null: no tour is on. 6 is the end. */
  readonly step: 1 | 2 | 3 | 4 | 5 | 6 | null
  readonly state: 'acting' | 'done' | 'missed'
  readonly title: string
  readonly before: string
  /** Empty until the step is over. */
  readonly after: string
  /** What was counted, by whom: `rows that the job inserted: 1 begin · 1 end`. */
  readonly counted: string
  /** To zoom to, by the host's clock; `to` is null while the step acts. */
  readonly from: number
  readonly to: number | null
  /** The work that it is about, to be selected. */
  readonly work: Work | null
  /** When the next step begins by itself, by the host's clock. Absent or null: it waits for the visitor. */
  readonly goesOnAt?: number | null
}
