import { randomUUID } from 'node:crypto'
import type { ReviewSummary } from '../events/page-event.ts'
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
}

/** What the main job of a review has come to. */
interface Progress {
  readonly percent: number
  readonly stage: string | null
}

/** The reviews of a world, and what is known of each. */
export interface ReviewDesk {
  /** A new one, which nobody has worked on. */
  open(change: Change): Review
  progressed(id: string, progress: Progress): void
  /** Says again what has changed, by the database. */
  refresh(): void
  list(): readonly ReviewSummary[]
}

export function createReviewDesk(store: Store, news: News): ReviewDesk {
  // On a Redis that stays, an earlier run's results would be answered.
  const run = randomUUID().slice(0, 8)
  const numbers = new Map<string, number>()
  const progress = new Map<string, Progress>()
  const said = new Map<string, string>()

  const summaryOf = (id: string): ReviewSummary | undefined => {
    const review = store.reviews.find(id)
    if (review === undefined) return undefined
    const facts = store.reviews.facts(id)
    const { percent, stage } = progress.get(id) ?? { percent: 0, stage: null }
    const runs = store.witness.of('ai-review', id)
    const state = stage === NO_REDIS && runs.length === 0 ? REFUSED : stateOf(review, runs)
    return {
      id,
      number: numbers.get(id) ?? 0,
      title: review.title,
      status: state.status,
      percent: state.status === 'reviewed' ? 100 : percent,
      stage: state.status === 'reviewed' ? null : stage,
      reason: state.reason,
      ...facts,
      instance: state.instance,
      attempt: state.attempt,
      tookMs: state.tookMs,
      spent: store.modelCalls.spent(id),
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
    if (event.type !== 'call.answered') return
    const id = asked.get(event.callId)
    asked.delete(event.callId)
    if (id === undefined || event.outcome !== 'noRedis' || store.witness.of('ai-review', id).length > 0)
      return
    progress.set(id, { percent: 0, stage: NO_REDIS })
    say(id)
  })

  return {
    open(change) {
      const number = numbers.size + 1
      const id = `review-${run}-${number}`
      numbers.set(id, number)
      store.reviews.add({ id, ...change, reviewer: 'local' })
      say(id)
      return store.reviews.find(id) as Review
    },
    progressed(id, news) {
      if (!numbers.has(id)) return
      progress.set(id, news)
      say(id)
    },
    refresh() {
      for (const id of [...numbers.keys()].slice(-MOST_CHANGING)) say(id)
    },
    list: () => [...numbers.keys()].flatMap((id) => summaryOf(id) ?? []),
  }
}

/** Older ones are over. */
const MOST_CHANGING = 20

/** The stage of a review whose starts were refused. */
const NO_REDIS = 'not started: no Redis'

type State = Pick<ReviewSummary, 'status' | 'reason' | 'instance' | 'attempt' | 'tookMs'>

const REFUSED: State = { status: 'failed', reason: null, instance: null, attempt: 0, tookMs: null }

function stateOf({ status }: Review, runs: readonly JobRun[]): State {
  const begin = runs.findLast(({ event }) => event === 'begin')
  const first = runs[0]
  if (begin === undefined || first === undefined)
    return { status, reason: null, instance: null, attempt: 0, tookMs: null }
  const { instance, attempt, executionId } = begin
  const last = runs.findLast((run) => run.executionId === executionId)
  const end = runs.find(({ event }) => event === 'end')
  if (end !== undefined)
    return {
      status: 'reviewed',
      reason: null,
      instance: end.instance,
      attempt: end.attempt,
      tookMs: end.at - first.at,
    }
  return last?.event === 'failed'
    ? { status: 'failed', reason: last.detail, instance, attempt, tookMs: null }
    : { status: 'reviewing', reason: null, instance, attempt, tookMs: null }
}
