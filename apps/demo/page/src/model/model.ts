import type {
  CacheNews,
  LockNews,
  LogNews,
  TourState,
  Verdict,
  Work,
} from '../../../src/events/page-event.ts'
import type { ReviewSummary } from '../../../src/events/review-news.ts'
import { type ControlOutcome, NO_SUMS, type StartOutcome, type Sums } from '../../../src/events/sums.ts'
import type { InstanceState, RedisState, WorldState } from '../../../src/events/snapshot.ts'
import { Table } from './table.ts'

/**
 * What the page knows of the world. `fold` makes the next one of it and of events; parts that no event has touched stay the
 * same objects, so that a component draws again only when its part has changed. All times are the host's.
 */
export interface Model {
  /** Of the server's run, and the last event that is in here. Empty before the first snapshot. */
  readonly run: string
  readonly seq: number
  /** When the oldest event happened that the page knows; null before the first. */
  readonly since: number | null
  /** When the newest event happened. */
  readonly latest: number | null
  readonly world: Omit<WorldState, 'instances' | 'redis'>
  readonly instances: ReadonlyMap<string, Instance>
  readonly redis: Redis
  /** By `workKey`, in order of their first start. */
  readonly works: ReadonlyMap<string, WorkState>
  /** By call id, in order of arrival. */
  readonly calls: ReadonlyMap<string, Call>
  /** By execution id, in order of arrival. */
  readonly attempts: ReadonlyMap<string, Attempt>
  readonly rows: readonly Row[]
  readonly effects: readonly Effect[]
  readonly locks: ReadonlyMap<string, Lock>
  readonly cache: CacheState
  readonly reviews: ReadonlyMap<string, ReviewSummary>
  /** The last of them, oldest first. */
  readonly cleanUps: readonly CleanUp[]
  /** The newest 2,000 lines, oldest first. */
  readonly log: readonly LogLine[]
  /** Lines that were dropped from the front of `log`. */
  readonly logDropped: number
  readonly chapters: readonly Chapter[]
  /** When the reviewer was switched, oldest first. */
  readonly switches: readonly Switch[]
  readonly tour: TourState
  readonly verdict: Verdict
  /** Of all starts, also of those that the page does not know any more. */
  readonly sums: Sums
  /** What the same start came to without Holdfast, by call id; empty until that control run has ended. */
  readonly control: ReadonlyMap<string, ControlOutcome>
  /** Times of which the server kept no events for this page. */
  readonly gaps: readonly Gap[]
}

/** A stretch of time; `to` is null while it lasts. */
export interface Spell {
  readonly from: number
  readonly to: number | null
}

export interface Instance extends InstanceState {
  readonly frozen: readonly Spell[]
  readonly cut: readonly Spell[]
  /** From the moment it was killed, or ended by itself, to its new start. */
  readonly gone: readonly (Spell & { readonly reason: string | null })[]
  /** What its Redis client sees. */
  readonly disconnected: readonly Spell[]
  readonly breakerOpen: readonly Spell[]
}

export interface Redis extends RedisState {
  readonly stopped: readonly Spell[]
}

/** All that is known of one piece of work. */
export interface WorkState extends Work {
  readonly key: string
  /** Ids, in order of arrival. */
  readonly calls: readonly string[]
  /** Execution ids, by fence: the first attempt is the first. */
  readonly attempts: readonly string[]
  /** Every fence that is known of it, rising: see `rankOf`. */
  readonly fences: readonly number[]
  readonly firstAt: number
  readonly lastAt: number
}

/** One start. */
export interface Call extends Work {
  readonly id: string
  readonly instance: string
  readonly policy: 'reject' | 'wait'
  readonly parentExecutionId: string | null
  readonly askedAt: number
  readonly waitingSince: number | null
  /** The execution that it waits for, and the instance that runs it. */
  readonly waitsFor: string | null
  readonly behind: string | null
  /** `cutShort`: its process was gone before it got an answer. Null while it is under way. */
  readonly outcome: StartOutcome | null
  readonly answeredAt: number | null
  readonly tookMs: number | null
  readonly executionId: string | null
  readonly code: string | null
  readonly message: string
}

export interface Attempt extends Work {
  readonly executionId: string
  readonly callId: string | null
  readonly instance: string
  readonly attempt: number
  readonly fencingToken: number
  readonly leaseMs: number
  readonly parentExecutionId: string | null
  readonly takenOverFrom: string | null
  readonly takenOverFromInstance: string | null
  readonly fromPercent: number
  readonly startedAt: number
  readonly percent: number
  readonly stage: string | null
  /** When each step of its progress was seen. */
  readonly steps: readonly { readonly at: number; readonly percent: number }[]
  readonly leaseEndsAt: number
  readonly isStalled: boolean
  /** The execution that took over from it, and when. */
  readonly takenOverBy: string | null
  readonly takenOverAt: number | null
  /** `cutShort`: its process was gone while it ran. Null while it runs. */
  readonly outcome:
    | 'completed'
    | 'failed'
    | 'released'
    | 'lost'
    | 'unconfirmed'
    | 'abandoned'
    | 'cutShort'
    | null
  readonly endedAt: number | null
  readonly reason: string | null
  readonly message: string | null
}

/** A row that a job inserted into its database. */
export interface Row extends Work {
  readonly at: number
  readonly event: 'begin' | 'stage' | 'end' | 'failed'
  readonly executionId: string
  readonly attempt: number
  readonly instance: string
  readonly detail: string
}

/** A write that carries a fence: the database has saved or refused it. */
export interface Effect extends Work {
  readonly id: number
  readonly at: number
  readonly effect: string
  readonly instance: string
  readonly fencingToken: number
  /** Null: it was saved. */
  readonly newestToken: number | null
}

export interface Lock extends Omit<LockNews, 'type'> {
  /** When it was like this: ages and remaining times count from here. */
  readonly at: number
}

export type CacheCounts = Omit<CacheNews, 'type' | 'instance' | 'namespace'>

/** Within a second an instance loaded values, or got those that others had loaded. */
export interface CacheUse {
  readonly at: number
  readonly instance: string
  readonly namespace: string
  readonly loaded: number
  readonly shared: number
}

export interface CacheState {
  /** By the start of its 2 seconds, oldest first; the last 10 minutes. */
  readonly bins: ReadonlyMap<number, CacheCounts>
  /** Since the page knows of it. */
  readonly namespaces: ReadonlyMap<string, CacheCounts>
  /** What instances loaded and shared, of the last seconds. */
  readonly lately: readonly CacheUse[]
  /** Of that, where one instance loaded what another one got at that time; the last 10 minutes. */
  readonly sharing: readonly CacheUse[]
}

export interface LogLine extends Omit<LogNews, 'type'> {
  /** Its place in the stream. */
  readonly seq: number
  readonly at: number
}

/** Who has cleaned up at a tick, and how much was removed. */
export interface CleanUp {
  readonly slot: number
  readonly instance: string
  readonly reviews: number
  readonly lines: number
}

export interface Chapter {
  readonly id: string
  readonly title: string
  readonly step: number | null
  readonly from: number
  readonly to: number | null
}

export interface Switch {
  readonly at: number
  readonly mode: WorldState['reviewer']
}

export interface Gap {
  readonly from: number
  readonly to: number
  readonly missed: number
}

const NO_TOUR: TourState = {
  step: null,
  state: 'done',
  title: '',
  before: '',
  after: '',
  counted: '',
  from: 0,
  to: null,
  work: null,
}

export const EMPTY: Model = {
  run: '',
  seq: 0,
  since: null,
  latest: null,
  world: {
    storage: 'redis',
    repository: { name: '', path: '', isSample: false },
    reviewer: 'normal',
    jobTypes: [],
    missingActions: {},
  },
  instances: new Map(),
  redis: {
    state: 'up',
    version: null,
    persistence: null,
    canBeStopped: false,
    roundTripMs: null,
    stopped: [],
  },
  works: new Table(),
  calls: new Table(),
  attempts: new Table(),
  rows: [],
  effects: [],
  locks: new Map(),
  cache: { bins: new Map(), namespaces: new Map(), lately: [], sharing: [] },
  reviews: new Map(),
  cleanUps: [],
  log: [],
  logDropped: 0,
  chapters: [],
  switches: [],
  tour: NO_TOUR,
  verdict: { ended: 0, parts: 0, twice: 0, refusedWrites: 0, controlTooMany: 0 },
  control: new Table(),
  gaps: [],
  sums: NO_SUMS,
}

export function workKey({ jobType, jobKey }: Work): string {
  return `${jobType}:${jobKey}`
}

/** What the page shows for a fence: 1 for the first of its piece of work, 2 for the second. 0: it is not known. */
export function rankOf(work: WorkState | undefined, fencingToken: number): number {
  return (work?.fences.indexOf(fencingToken) ?? -1) + 1
}
