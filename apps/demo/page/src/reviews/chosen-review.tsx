import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ReviewSummary } from '../../../src/events/review-news.ts'
import type { ReviewView } from '../../../src/events/snapshot.ts'
import { readReview } from '../act.ts'
import { plural } from '../format.ts'
import { ExecutionTree } from './execution-tree.tsx'
import { FileTabs } from './file-tabs.tsx'
import { Found } from './found.tsx'
import { Jobs } from './jobs.tsx'
import { Second } from './second.tsx'
import { Life } from './life.tsx'
import { Verdicts } from './verdicts.tsx'
import { isReviewed, rangeOf, riskOf } from './words.ts'

/** One review: what it is about, how risky, what it found, on the lines that it is about. */
export function ChosenReview({ review }: { readonly review: ReviewSummary }): JSX.Element {
  const view = useReview(review)
  const title = `review-${review.id}-title`
  return (
    <article class="review" aria-labelledby={title}>
      <header>
        <div>
          <h3 id={title}>
            #{review.number} {review.title}
          </h3>
          {view !== undefined && (
            <p class="muted">
              {plural(view.files.length, 'file')}, +{view.additions} −{view.deletions} ·{' '}
              <span class="mono">{rangeOf(view.base, view.head)}</span>
            </p>
          )}
        </div>
        <div class="assessed">
          {isReviewed(review) && <Found review={review} />}
          {review.risk !== null && <Risk score={review.risk} />}
        </div>
      </header>
      {review.reason !== null && (
        <p class="answer bad" role="status">
          {review.hasFailed ? 'It could not be reviewed: ' : 'It was rejected: '}
          {review.reason}
        </p>
      )}
      <Verdicts review={review} />
      {view !== undefined && <Life view={view} />}
      {review.job !== undefined && <Jobs job={review.job} jobs={view?.jobs ?? []} />}
      {view !== undefined && view.suggestions.length > 0 && (
        <details class="suggestions">
          <summary>{plural(view.suggestions.length, 'suggestion')}</summary>
          <ul>
            {view.suggestions.map((suggestion) => (
              <li key={suggestion}>{suggestion}</li>
            ))}
          </ul>
        </details>
      )}
      {view?.second !== undefined && <Second second={view.second} />}
      <ExecutionTree reviewId={review.id} />
      {view === undefined ? (
        <p class="nothing">The change is being read.</p>
      ) : view.problem !== null ? (
        <p class="nothing">The change cannot be shown. {view.problem}</p>
      ) : view.files.length === 0 ? (
        <p class="nothing">These two commits do not differ.</p>
      ) : (
        <FileTabs view={view} />
      )}
    </article>
  )
}

/** Read again whenever the review has found more. What was read stays until then: nothing jumps. */
function useReview({
  id,
  version,
  errors,
  warnings,
  infos,
  spent,
  job,
}: ReviewSummary): ReviewView | undefined {
  const [view, setView] = useState<ReviewView>()
  const calls = JSON.stringify(spent?.calls)
  const ofHangfire = `${job?.jobId} ${job?.state}`
  useEffect(() => {
    let isWanted = true
    const read = async (): Promise<void> => {
      const answer = await readReview(id)
      if (isWanted && answer !== undefined) setView(answer)
    }
    void read()
    return () => {
      isWanted = false
    }
  }, [id, version, errors, warnings, infos, calls, ofHangfire])
  return view
}

function Risk({ score }: { readonly score: number }): JSX.Element {
  const { level, words } = riskOf(score)
  const colour = { low: '', medium: 'take', high: 'stop' }[level]
  return (
    <div class={`risk ${level}`} role="img" aria-label={`Risk ${score} of 100: ${words}`}>
      <span class={`meter ${colour}`} style={{ '--part': score / 100 }}>
        <i />
      </span>
      <b>{score}</b>
      <span class="small">{words}</span>
    </div>
  )
}
