import type { ReviewSummary } from '../../../src/events/page-event.ts'
import { type Attempt, shortNameOf } from '../model/model.ts'

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

/** Of a change that nobody has reviewed: what else ran for it last, such as its summary. */
export function progressOf(review: ReviewSummary, attempts: Iterable<Attempt>): Progress {
  const { status, percent, instance, attempt, tookMs } = review
  const part = status === 'reviewed' ? 1 : percent / 100
  const own = { words: wordsOf(review), part, instance, attempt, tookMs }
  if (status === 'reviewing') return { ...own, tone: 'run' }
  if (status === 'failed') return { ...own, tone: 'stop' }
  const other = status === 'pending' ? lastOf(review.id, attempts) : undefined
  return other === undefined ? { ...own, tone: 'done' } : otherProgress(other)
}

function wordsOf({ status, stage, percent }: ReviewSummary): string {
  switch (status) {
    case 'pending':
      return 'Not reviewed yet'
    case 'reviewing':
      return stage === null ? `${percent} %` : `${stage}, ${percent} %`
    case 'reviewed':
      return 'Reviewed'
    case 'failed':
      return stage === null ? 'Failed' : `Failed: ${stage}`
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
