import type { JSX } from 'preact'
import type { ReviewSummary } from '../../../src/events/review-news.ts'
import { SeveritySign } from './severity-sign.tsx'
import { isReviewed, severitiesOf } from './words.ts'

interface FoundProps {
  readonly review: ReviewSummary
  /** In a line with other things: all three severities are signs and numbers, and their words are heard. */
  readonly isInLine?: boolean
}

/** How much was found of each severity, the worst first. */
export function Found({ review, isInLine = false }: FoundProps): JSX.Element {
  const found = severitiesOf(review)
  const isShort = isInLine && found.length > 2
  if (found.length === 0) return <span class="muted">{isReviewed(review) ? 'none' : '–'}</span>
  return (
    <>
      {found.map(({ severity, count, words }) => (
        <span key={severity} class={`severity ${severity}`} title={words}>
          <SeveritySign severity={severity} />
          {isShort ? (
            <>
              <span aria-hidden="true">{count}</span>
              <span class="heard">{words}</span>
            </>
          ) : (
            words
          )}
        </span>
      ))}
    </>
  )
}
