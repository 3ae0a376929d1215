import type { JSX } from 'preact'
import type { ReviewSummary } from '../../../src/events/review-news.ts'
import { type PersonAct, isAllowed, standingOf } from '../../../src/store/review-states.ts'
import { ActButton } from '../parts/act-button.tsx'
import { dialog, isLost } from '../view.ts'
import { STATE_WORDS } from './progress.ts'
import { StateSign } from './state-sign.tsx'

/** Where a review stands, and what a person can do to it from there: the table of the server says it. */
export function Verdicts({ review }: { readonly review: ReviewSummary }): JSX.Element {
  const { id, number, version, state, stage } = review
  const standing = standingOf(review)
  const may = (act: PersonAct): boolean => isAllowed(act, standing)
  const decision = { review: id, seen: version } as const
  return (
    <div class="verdicts" role="group" aria-label={`Review #${number}: ${STATE_WORDS[standing]}`}>
      <span class="state">
        <StateSign standing={standing} />
        {STATE_WORDS[standing]}
        {standing === 'AIReviewing' && stage !== null && `: ${stage}`}
        {standing === 'Failed' && stage !== null && `: failed at ${stage}`}
      </span>
      {may('approve') && (
        <ActButton
          name="decide"
          input={{ ...decision, act: 'approve' }}
          class="act"
          label={`Approve #${number}`}
        >
          Approve
        </ActButton>
      )}
      {may('merge') && (
        <ActButton name="decide" input={{ ...decision, act: 'merge' }} class="act" label={`Merge #${number}`}>
          Merge
        </ActButton>
      )}
      {may('reject') && (
        <button
          type="button"
          class="act"
          aria-label={`Reject #${number}…`}
          disabled={isLost.value}
          onClick={() => {
            dialog.value = { name: 'reject', number, ...decision }
          }}
        >
          Reject…
        </button>
      )}
      {may('again') && (
        <ActButton name="review-again" input={decision} class="act" label={`Review again #${number}`}>
          Review again
        </ActButton>
      )}
      {(standing === 'Failed' || state === 'Pending') && (
        <ActButton
          name="retry"
          input={{ review: id }}
          class="act"
          label={standing === 'Failed' ? `Try again #${number}` : `Review it: #${number}`}
        >
          {standing === 'Failed' ? 'Try again' : 'Review it'}
        </ActButton>
      )}
    </div>
  )
}
