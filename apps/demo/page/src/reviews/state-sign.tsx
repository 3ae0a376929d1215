import type { JSX } from 'preact'
import type { Standing } from '../../../src/store/review-states.ts'

/** An empty ring, a half-filled disc, a person, a tick, an octagon with a cross, a triangle, two lines that join. */
const SHAPES: Readonly<Record<Standing, string>> = {
  Pending: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Z',
  AIReviewing: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Zm0 0v9',
  HumanReview: 'M6 1.2a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6ZM1.5 11c0-2.6 2-4 4.5-4s4.5 1.4 4.5 4',
  Approved: 'M1.5 6.5 4.6 9.6 10.5 2.6',
  Rejected: 'M4 1h4l3 3v4l-3 3H4L1 8V4Zm.3 3.3 3.4 3.4m0-3.4L4.3 7.7',
  Failed: 'M6 1 11.3 10.7H.7Zm0 3.4v3M6 8.6v.6',
  Merged: 'M2.5 1v10M2.5 4.5c0 2.5 3 2.5 7 2.5M7.5 5l2 2-2 2',
}

const TONES: Readonly<Record<Standing, string>> = {
  Pending: 'quiet',
  AIReviewing: 'run',
  HumanReview: 'take',
  Approved: 'done',
  Rejected: 'stop',
  Failed: 'stop',
  Merged: 'hold',
}

/** The shape of where a review stands; its word stands beside it. */
export function StateSign({ standing }: { readonly standing: Standing }): JSX.Element {
  return (
    <svg
      class={`state-sign ${TONES[standing]}`}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
    >
      <path d={SHAPES[standing]} fill="none" stroke="currentColor" stroke-width="1.6" />
      {standing === 'AIReviewing' && <path d="M6 1.5a4.5 4.5 0 0 0 0 9Z" fill="currentColor" />}
    </svg>
  )
}
