import { setTimeout as sleep } from 'node:timers/promises'
import type { ReviewerMode } from '../events/page-event.ts'
import type { Reviewer } from './reviewer.ts'

/** So long a slow reviewer thinks before it begins. */
const SLOW_MS = 6_000

/** A reviewer can be made slow, or failing, while it is at work: a model far away is both at times. */
export interface Mood {
  readonly setMode: (mode: ReviewerMode) => void
  /** Takes its time, or rejects. */
  readonly pass: (signal: AbortSignal) => Promise<void>
}

export function createMood(): Mood {
  let mode: ReviewerMode = 'normal'
  return {
    setMode: (other) => void (mode = other),
    async pass(signal) {
      if (mode === 'slow') await sleep(SLOW_MS, undefined, { signal })
      if (mode === 'failing') throw new Error('The reviewer answers with an error: it was made to fail.')
    },
  }
}

export function moodyReviewer(reviewer: Reviewer, mood: Mood): Reviewer {
  return {
    name: reviewer.name,
    async review(request, signal) {
      await mood.pass(signal)
      return await reviewer.review(request, signal)
    },
  }
}
