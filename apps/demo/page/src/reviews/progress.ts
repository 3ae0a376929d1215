import type { ReviewSummary } from '../../../src/events/review-news.ts'
import { type Standing, standingOf } from '../../../src/store/review-states.ts'
import type { Attempt } from '../model/model.ts'
import { shortNameOf } from '../model/names.ts'

/** What the list says about a review: how far, where, for how long. */
export interface Progress {
  readonly words: string
  /** From 0 to 1. */
  readonly part: number
  readonly tone: 'run' | 'done' | 'stop'
  readonly instance: string | null
  readonly attempt: number
  readonly tookMs: number | null
}

/** What each state is called. */
export const STATE_WORDS: Readonly<Record<Standing, string>> = {
  Pending: 'Pending',
  AIReviewing: 'AI reviewing',
  HumanReview: 'Human review',
  Approved: 'Approved',
  Rejected: 'Rejected',
  Failed: 'Rejected',
  Merged: 'Merged',
}

/** Of a change that was not reviewed: what else ran for it last, such as its summary. */
export function progressOf(review: ReviewSummary, attempts: Iterable<Attempt>): Progress {
  const { percent, stage, instance, attempt, tookMs } = review
  const standing = standingOf(review)
  const word = STATE_WORDS[standing]
  const own = { part: percent / 100, instance, attempt, tookMs, tone: 'done', words: word } as const
  switch (standing) {
    case 'Pending': {
      if (stage !== null) return { ...own, words: `${word}, ${stage}`, tone: 'stop' }
      const other = lastOf(review.id, attempts)
      return other === undefined ? own : otherProgress(other)
    }
    case 'AIReviewing':
      return { ...own, words: `${word}, ${percent} %`, tone: 'run' }
    case 'Failed':
      return { ...own, words: `${word}: failed`, tone: 'stop' }
    case 'Rejected':
      return { ...own, tone: 'stop' }
    case 'HumanReview':
    case 'Approved':
    case 'Merged':
      return own
  }
}

function lastOf(reviewId: string, attempts: Iterable<Attempt>): Attempt | undefined {
  let last: Attempt | undefined
  for (const attempt of attempts) {
    const isNewer = attempt.startedAt >= (last?.startedAt ?? 0) && attempt.parentExecutionId === null
    if (attempt.jobKey === reviewId && isNewer) last = attempt
  }
  return last
}

function otherProgress(other: Attempt): Progress {
  const { outcome, percent, instance, attempt, startedAt, endedAt } = other
  const name = shortNameOf(other).replace(/^./, (letter) => letter.toUpperCase())
  const whole = { instance, attempt, tookMs: endedAt === null ? null : endedAt - startedAt }
  if (outcome === null) return { ...whole, words: `${name}, ${percent} %`, part: percent / 100, tone: 'run' }
  if (outcome === 'completed') return { ...whole, words: `${name} done`, part: 1, tone: 'done' }
  return { ...whole, words: `${name} did not end`, part: percent / 100, tone: 'stop' }
}
