import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ReviewSummary } from '../../../src/events/review-news.ts'
import { standingOf } from '../../../src/store/review-states.ts'
import { lowerPart } from '../model/store.ts'
import { lengthOf } from '../format.ts'
import { chosenReview, dialog, isLost } from '../view.ts'
import { ChosenReview } from './chosen-review.tsx'
import { Found } from './found.tsx'
import { HangfireLost } from './jobs.tsx'
import { progressOf } from './progress.ts'
import { StateSign } from './state-sign.tsx'
import { attemptWords } from './words.ts'

/** All reviews, the newest first, and under them the chosen one. */
export function Reviews(): JSX.Element {
  const reviews = [...lowerPart('reviews').value.values()].toSorted((a, b) => b.number - a.number)
  const chosen =
    reviews.find(({ id }) => id === chosenReview.value) ??
    reviews.find(({ version, state }) => version > 1 && state !== 'AIReviewing') ??
    reviews[0]
  return (
    <section class="panel reviews" id="reviews" aria-labelledby="reviews-title">
      <header>
        <h2 id="reviews-title">Reviews</h2>
        <button
          type="button"
          class="link at-end"
          disabled={isLost.value}
          onClick={() => {
            dialog.value = { name: 'review-range' }
          }}
        >
          Review a range…
        </button>
        <button
          type="button"
          class="link"
          disabled={isLost.value}
          onClick={() => {
            dialog.value = { name: 'review-many' }
          }}
        >
          Review many…
        </button>
      </header>
      <HangfireLost />
      {chosen === undefined ? (
        <p class="nothing">
          No change has been reviewed yet. Each review will be here, with its findings on the lines they are
          about.
        </p>
      ) : (
        <>
          <ReviewList reviews={reviews} chosen={chosen} />
          <div
            // A person who reads in it keeps it: the next one that is done does not take its place.
            onPointerDownCapture={() => keep(chosen)}
            onFocusCapture={() => keep(chosen)}
          >
            <ChosenReview key={chosen.id} review={chosen} />
          </div>
        </>
      )}
    </section>
  )
}

function keep({ id }: ReviewSummary): void {
  chosenReview.value = id
}

interface ListProps {
  readonly reviews: readonly ReviewSummary[]
  readonly chosen: ReviewSummary
}

/** So many of the newest are in view; older ones when asked for. */
const NEWEST = 8

function ReviewList({ reviews, chosen }: ListProps): JSX.Element {
  const [showsAll, setShowsAll] = useState(false)
  const shown = showsAll ? reviews : reviews.filter((review, index) => index < NEWEST || review === chosen)
  const hidden = reviews.length - shown.length
  return (
    <>
      <table class="table reviews-list">
        <thead>
          <tr>
            <th scope="col">Change</th>
            <th scope="col">State</th>
            <th scope="col">Findings</th>
            <th scope="col" class="number where">
              Where
            </th>
            <th scope="col" class="number took">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((review) => (
            <ReviewRow key={review.id} review={review} isChosen={review === chosen} />
          ))}
        </tbody>
      </table>
      {hidden > 0 && (
        <p class="older">
          <button type="button" class="link" onClick={() => setShowsAll(true)}>
            Show {hidden} older
          </button>
        </p>
      )}
    </>
  )
}

interface RowProps {
  readonly review: ReviewSummary
  readonly isChosen: boolean
}

function ReviewRow({ review, isChosen }: RowProps): JSX.Element {
  const { id, number, title, job } = review
  const {
    words,
    part: done,
    tone,
    instance,
    attempt,
    tookMs,
  } = progressOf(review, lowerPart('attempts').value.values())
  const again = attemptWords(attempt)
  const took = tookMs === null ? undefined : lengthOf(tookMs)
  return (
    <tr class={isChosen ? 'opens chosen' : 'opens'}>
      <th scope="row" class="change">
        <button
          type="button"
          class="row"
          aria-pressed={isChosen}
          onClick={() => {
            chosenReview.value = id
          }}
        >
          <b>#{number}</b> {title}
        </button>
        {job !== undefined && (
          <span class="muted small" title={`Job ${job.jobId} of Hangfire: ${job.state ?? 'not known'}`}>
            {' '}
            job {job.jobId.slice(0, 8)}
          </span>
        )}
        <span class="under">
          {[instance, again, took]
            .filter((word) => word !== undefined && word !== null)
            .map((word, index) => (
              <span key={word}>
                {index > 0 && ' · '}
                <span class="whole">{word}</span>
              </span>
            ))}
        </span>
      </th>
      <td>
        <span class="standing">
          <StateSign standing={standingOf(review)} />
          {tone === 'run' && (
            <span class="meter run" style={{ '--part': done }}>
              <i />
            </span>
          )}
          {words}
        </span>
      </td>
      <td>
        <Found review={review} isInLine />
      </td>
      <td class="where">
        {instance ?? '–'}
        {again !== undefined && <span class="again">{again}</span>}
      </td>
      <td class="number took">{took ?? '–'}</td>
    </tr>
  )
}
