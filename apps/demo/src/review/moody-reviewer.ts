import { setTimeout as sleep } from 'node:timers/promises'
import type { ReviewerMode } from '../events/page-event.ts'
import type { Reviewer } from './reviewer.ts'

/** So long a slow reviewer thinks before it begins. */
const SLOW_MS = 6_000

/** A reviewer that can be made slow, or failing, while it is at work: a model far away is both at times. */
export function moodyReviewer(reviewer: Reviewer): {
  readonly reviewer: Reviewer
  readonly setMode: (mode: ReviewerMode) => void
} {
  let mode: ReviewerMode = 'normal'
  return {
    setMode: (other) => void (mode = other),
    reviewer: {
      name: reviewer.name,
      async review(request, signal) {
        if (mode === 'slow') await sleep(SLOW_MS, undefined, { signal })
        if (mode === 'failing') throw new Error('The reviewer answers with an error: it was made to fail.')
        return await reviewer.review(request, signal)
      },
    },
  }
}
