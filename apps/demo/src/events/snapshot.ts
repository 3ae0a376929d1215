import type { JobType } from '../jobs/job.ts'
import type { HangfireJobView, HangfireState } from './hangfire-news.ts'
import type { SecondOpinionView } from './model-news.ts'
import type { Move } from '../store/review-life.ts'
import type { Told } from '../store/notices.ts'
import type { PageEvent, ReviewerMode, TourState } from './page-event.ts'

/**
 * What a page needs to begin with: the state of the world, and the events of the last ten minutes. Those are folded: of the news
 * that replace each other (`attempt.seen`, `lock`, `review`, `verdict`, `sums`, `tour`, `redis.answered`) only the last is there.
 * The page folds these events into its model as it does those that follow.
 */
export interface Snapshot {
  /** New with every start of the server: `id: <run>.<seq>` of an earlier one means nothing. */
  readonly run: string
  /** Of the last event that is in it. */
  readonly seq: number
  /** By the host's clock. */
  readonly now: number
  readonly world: WorldState
  readonly events: readonly PageEvent[]
}

export interface WorldState {
  readonly instances: readonly InstanceState[]
  readonly redis: RedisState
  readonly storage: 'redis' | 'cluster' | 'memory'
  readonly repository: { readonly name: string; readonly path: string; readonly isSample: boolean }
  readonly reviewer: ReviewerMode
  readonly jobTypes: readonly JobType[]
  /** Verbs that this world has not, with the reason: memory storage can neither kill nor cut. */
  readonly missingActions: Readonly<Partial<Record<ActionName, string>>>
  /** Absent: reviews are started directly. */
  readonly hangfire?: HangfireState
}

export interface InstanceState {
  readonly name: string
  readonly client: 'ioredis' | 'node-redis' | 'memory'
  readonly framework: 'fastify' | 'nest'
  readonly state: 'starting' | 'up' | 'frozen' | 'gone'
  readonly isCut: boolean
  readonly pid: number | null
}

export interface RedisState {
  readonly state: 'up' | 'stopped' | 'unreachable'
  /** `7.4.1`; null for memory storage. */
  readonly version: string | null
  /** Null: it is not the demo's, so the demo does not stop it. */
  readonly persistence: 'AOF' | 'none' | null
  readonly canBeStopped: boolean
  readonly roundTripMs: number | null
}

/** `POST /api/actions/<name>` with these as JSON. */
export interface Actions {
  /** Starts of one job from all instances at one moment; `waiting` of them wait for the result. */
  readonly fire: {
    readonly times: number
    readonly waiting: number
    readonly jobType?: JobType
    /** Of a review that is there already. Absent: a fresh one. */
    readonly jobKey?: string
    /** From these instances only. Absent: from all. */
    readonly instances?: readonly string[]
  }
  readonly review: { readonly base: string; readonly head: string }
  /**
   * Ranges (`main~3..main`) and commits, one review each; with `each`, every commit of the ranges. To be asked for again where a part
   * has failed: nothing is started twice.
   */
  readonly 'review-many': { readonly ranges: readonly string[]; readonly each?: boolean }
  /** About the version of the review that the person sees: of two who decide at once, one does. */
  readonly decide: {
    readonly review: string
    readonly act: 'approve' | 'reject' | 'merge'
    readonly seen: number
    readonly reason?: string
  }
  /** From the beginning, once the window of the last result is over. */
  readonly 'review-again': { readonly review: string; readonly seen: number }
  /** One that has failed, or has not begun; it goes on from its checkpoint. */
  readonly retry: { readonly review: string }
  readonly kill: { readonly instance: string }
  readonly freeze: { readonly instance: string }
  readonly thaw: { readonly instance: string }
  readonly cut: { readonly instance: string }
  readonly restore: { readonly instance: string }
  /** One that is gone. */
  readonly start: { readonly instance: string }
  readonly 'stop-redis': Nothing
  readonly 'start-redis': Nothing
  readonly reviewer: { readonly mode: ReviewerMode }
  /** The starts of all stories that have no control run yet again, without Holdfast. */
  readonly without: Nothing
  readonly cancel: { readonly jobType: JobType; readonly jobKey: string }
  readonly forget: { readonly jobType: JobType; readonly jobKey: string }
  readonly revoke: { readonly lock: string; readonly token: string }
  readonly 'clear-cache': { readonly namespace?: string }
  readonly tour: {
    readonly go: 'start' | 'next' | 'back' | 'again' | 'end'
    /** The step that the visitor sees. Where the tour has gone on since, nothing is done. */
    readonly from?: NonNullable<TourState['step']> | undefined
  }
}

export type ActionName = keyof Actions
export type Nothing = Readonly<Record<string, never>>

/** What an action answers, with status 200; a refusal has 4xx, and the same shape. */
export interface ActionAnswer {
  readonly ok: boolean
  /** What was done, or why not and what to do: for people, at the button. */
  readonly message: string
  /** Of many reviews: what became of each. */
  readonly reviews?: readonly ManyOutcome[]
}

export interface ManyOutcome {
  /** As it was asked for. */
  readonly range: string
  /** Null: what has failed before there was one. */
  readonly review: string | null
  readonly what: 'started' | 'running' | 'done' | 'refused' | 'failed'
  /** Of what was refused, or has failed. */
  readonly reason: string | null
}

/** What Redis holds under one key, decoded. */
export interface HeldView {
  readonly key: string
  readonly kind: string
  readonly ttlMs: number | null
  readonly fields: readonly { readonly name: string; readonly value: string; readonly meaning: string }[]
  readonly raw: string
}

/** `GET /api/held?kind=&name=`: of a lock or a semaphore, or of the newest entries of a namespace of the cache. */
export interface HeldQuery {
  readonly kind: 'lock' | 'cache'
  readonly name: string
}

/** `GET /api/record?jobType=&jobKey=`: what Redis holds for a piece of work. */
export interface RecordView extends HeldView {
  /** By what is stored: attempts, oldest first. */
  readonly attempts: readonly {
    readonly executionId: string
    readonly attempt: number
    readonly fencingToken: number
    readonly instance: string | null
    readonly ended: string
  }[]
}

/** `GET /api/reviews/<id>`. */
export interface ReviewView {
  readonly id: string
  readonly base: string
  readonly head: string
  readonly additions: number
  readonly deletions: number
  readonly files: readonly {
    readonly path: string
    readonly errors: number
    readonly warnings: number
    readonly infos: number
    readonly hunks: readonly {
      readonly header: string
      readonly lines: readonly {
        readonly kind: 'same' | 'added' | 'removed'
        readonly oldLine: number | null
        readonly newLine: number | null
        readonly text: string
      }[]
    }[]
    readonly findings: readonly FindingView[]
    /** Why it has no lines to show; null: it has. */
    readonly note: string | null
  }[]
  /** Each change of its state, oldest first. */
  readonly moves: readonly Move[]
  /** What the author and the project were told. */
  readonly notices: readonly Told[]
  /** What to do, the gravest first: one for each rule. */
  readonly suggestions: readonly string[]
  /** What a model has said, and what that has cost; absent: none was asked. */
  readonly second?: SecondOpinionView
  /** Its jobs in Hangfire, the newest first; absent: there are none. */
  readonly jobs?: readonly HangfireJobView[]
  /** Why the difference cannot be read; null: it can. */
  readonly problem: string | null
}

export interface FindingView {
  /** Of the new file; null: it is about the whole file. */
  readonly line: number | null
  readonly severity: 'error' | 'warning' | 'info'
  readonly category: 'quality' | 'security' | 'performance' | 'style' | 'bug'
  readonly rule: string
  readonly message: string
  /** What to do about it. */
  readonly suggestion: string
}
