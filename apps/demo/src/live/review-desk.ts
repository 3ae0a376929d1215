import { randomUUID } from 'node:crypto'
import type { ReviewSummary } from '../events/review-news.ts'
import { type Standing, standingOf } from '../store/review-states.ts'
import type { JobRun } from '../store/witness.ts'
import type { Review } from '../store/reviews.ts'
import type { Store } from '../store/store.ts'
import type { News } from './news.ts'

/** The commits that a review is about. */
export interface Change {
  readonly repository: string
  readonly baseCommit: string
  readonly headCommit: string
  readonly title: string
  /** Of the newest commit. */
  readonly author: string
}

/** What the main job of a review has come to. */
interface Progress {
  readonly percent: number
  readonly stage: string | null
}

/** The reviews of a world, and what is known of each. */
export interface ReviewDesk {
  /** A new one, on which no job has worked. */
  open(change: Change): Review
  /** Of these commits the newest one that is there, or else a new one. */
  openOnce(change: Change): Review
  progressed(id: string, progress: Progress): void
  /** Says again what has changed, by the database. */
  refresh(): void
  /** The same of one review, also of an old one. */
  changed(id: string): void
  /** `#3` */
  nameOf(id: string): string
}

export function createReviewDesk(store: Store, news: News): ReviewDesk {
  // On a Redis that stays, an earlier run's results would be answered.
  const run = randomUUID().slice(0, 8)
  let opened = 0
  const numbers = new Map<string, number>()
  const progress = new Map<string, Progress>()
  const said = new Map<string, string>()

  const summaryOf = (id: string): ReviewSummary | undefined => {
    const review = store.reviews.find(id)
    if (review === undefined) return undefined
    const facts = store.reviews.facts(id)
    const { state, version, hasFailed, reason } = review
    const known = progress.get(id) ?? { percent: 0, stage: null }
    const isRejected = state === 'Rejected'
    return {
      id,
      number: numbers.get(id) ?? 0,
      title: review.title,
      state,
      version,
      hasFailed,
      ...progressIn(standingOf(review), known),
      reason: isRejected ? reason : null,
      ...facts,
      ...lastRun(store.witness.of('ai-review', id)),
      spent: store.modelCalls.spent(id),
      ...jobOf(store, id),
    }
  }
  const say = (id: string): void => {
    const summary = summaryOf(id)
    const text = JSON.stringify(summary)
    if (summary === undefined || said.get(id) === text) return
    said.set(id, text)
    news.say('database', { type: 'review', ...summary })
  }

  /** Starts of reviews that have no answer yet. */
  const asked = new Map<string, string>()
  news.note((event) => {
    if (event.type === 'call.asked' && event.jobType === 'ai-review') asked.set(event.callId, event.jobKey)
    if (event.type === 'clean-up')
      for (const id of event.reviews) for (const map of [numbers, progress, said]) map.delete(id)
    if (event.type !== 'call.answered') return
    const id = asked.get(event.callId)
    asked.delete(event.callId)
    if (id === undefined || event.outcome !== 'noRedis' || store.witness.of('ai-review', id).length > 0)
      return
    progress.set(id, { percent: 0, stage: NO_REDIS })
    say(id)
  })

  const open = (change: Change): Review => {
    const number = (opened += 1)
    const id = `review-${run}-${number}`
    numbers.set(id, number)
    store.reviews.add({ id, ...change, reviewer: 'local' })
    say(id)
    return store.reviews.find(id) as Review
  }
  return {
    open,
    openOnce: (change) => store.reviews.findOf(change) ?? open(change),
    progressed(id, news) {
      if (!numbers.has(id)) return
      progress.set(id, news)
      say(id)
    },
    refresh() {
      for (const id of [...numbers.keys()].slice(-MOST_CHANGING)) say(id)
    },
    changed: say,
    nameOf: (id) => `#${numbers.get(id) ?? 0}`,
  }
}

/** The newest one in Hangfire, if there is one. */
function jobOf({ hangfireJobs }: Store, id: string): Pick<ReviewSummary, 'job'> {
  const [newest] = hangfireJobs.of(id)
  if (newest === undefined) return {}
  const { jobId, creator, state } = newest
  return { job: { jobId, creator, state } }
}

/** Older ones are over. */
const MOST_CHANGING = 60

/** The stage of a review whose starts were refused. */
const NO_REDIS = 'not started: no Redis'

/** How far it is, where that says something. */
function progressIn(standing: Standing, known: Progress): Progress {
  switch (standing) {
    case 'Pending':
      return { percent: 0, stage: known.stage === NO_REDIS ? NO_REDIS : null }
    case 'AIReviewing':
    case 'Failed':
      return known
    case 'HumanReview':
    case 'Approved':
    case 'Rejected':
    case 'Merged':
      return { percent: 100, stage: null }
  }
}

/** Where it ran last, in which attempt, and how long it took with those before. */
function lastRun(runs: readonly JobRun[]): Pick<ReviewSummary, 'instance' | 'attempt' | 'tookMs'> {
  const begin = runs.findLast(({ event }) => event === 'begin')
  if (begin === undefined) return { instance: null, attempt: 0, tookMs: null }
  const { instance, attempt, executionId } = begin
  const end = runs.find((run) => run.event === 'end' && run.executionId === executionId)
  // What ended before is a review that was done before this one.
  const before = runs.slice(0, runs.indexOf(begin)).findLastIndex(({ event }) => event === 'end')
  const first = runs[before + 1] ?? begin
  return { instance, attempt, tookMs: end === undefined ? null : end.at - first.at }
}
