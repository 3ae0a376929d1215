import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ActionAnswer, ManyOutcome } from '../../../src/events/snapshot.ts'
import { act } from '../act.ts'
import { lowerPart } from '../model/store.ts'
import { isLost } from '../view.ts'
import { Sheet, closeDialog } from './sheet.tsx'

const WHAT: Readonly<Record<ManyOutcome['what'], string>> = {
  started: 'started',
  running: 'running already',
  done: 'done already',
  refused: 'cannot be reviewed',
  failed: 'failed',
}

/** Many ranges at once, one guarded job each; what became of each stays in view. */
export function ManyDialog(): JSX.Element {
  const [answer, setAnswer] = useState<ActionAnswer>()
  const [isUnderWay, setUnderWay] = useState(false)
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const fields = new FormData(form)
    const typed = fields.get('ranges')
    const lines = (typeof typed === 'string' ? typed : '').split('\n').map((line) => line.trim())
    setUnderWay(true)
    setAnswer(
      await act('review-many', { ranges: lines.filter((line) => line !== ''), each: fields.has('each') }),
    )
    setUnderWay(false)
  }
  return (
    <Sheet title="Review many">
      <p class="muted">
        One review each, by one job. What is reviewed already, or just now, is not started again: ask again
        after a failure.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit(event.currentTarget)
        }}
      >
        <label class="field">
          <span>Commits and ranges</span>
          <textarea name="ranges" rows={4} required spellcheck={false} defaultValue={'HEAD~3..HEAD'} />
          <small class="small">One a line, such as main~3..main</small>
        </label>
        <label class="tick">
          <input type="checkbox" name="each" defaultChecked /> Each commit of a range by itself
        </label>
        {answer !== undefined && (
          <div class={answer.ok ? 'answer' : 'answer bad'} role={answer.ok ? 'status' : 'alert'}>
            {answer.message}
            {answer.reviews !== undefined && <Outcomes outcomes={answer.reviews} />}
          </div>
        )}
        <div class="verbs">
          <button type="button" class="act" onClick={closeDialog}>
            {answer?.ok === true ? 'Close' : 'Cancel'}
          </button>
          <button type="submit" class="primary" disabled={isUnderWay || isLost.value}>
            Review them
          </button>
        </div>
      </form>
    </Sheet>
  )
}

function Outcomes({ outcomes }: { readonly outcomes: readonly ManyOutcome[] }): JSX.Element {
  const reviews = lowerPart('reviews').value
  return (
    <ul class="outcomes">
      {outcomes.map(({ range, review, what, reason }) => {
        const known = reviews.get(review ?? '')
        const name = /^[0-9a-f]{40}$/.test(range) ? range.slice(0, 7) : range
        return (
          <li key={range}>
            <span class="mono">{name}</span>
            {known !== undefined && ` #${known.number}${known.title === range ? '' : ` ${known.title}`}`}{' '}
            <b>{WHAT[what]}</b>
            {reason !== null && `: ${reason}`}
          </li>
        )
      })}
    </ul>
  )
}
