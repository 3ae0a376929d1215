import type { JSX } from 'preact'
import type { ReviewSummary } from '../../../src/events/review-news.ts'
import { SeveritySign } from './severity-sign.tsx'
import { isReviewed, severitiesOf } from './words.ts'

/** How much was found of each severity, the worst first. */
export function Found({ review }: { readonly review: ReviewSummary }): JSX.Element {
  const found = severitiesOf(review)
  if (found.length === 0) return <span class="muted">{isReviewed(review) ? 'none' : '–'}</span>
  return (
    <>
      {found.map(({ severity, words }) => (
        <span key={severity} class={`severity ${severity}`}>
          <SeveritySign severity={severity} />
          {words}
        </span>
      ))}
    </>
  )
}
