import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { TourState } from '../../../src/events/page-event.ts'
import type { ActionAnswer, Actions } from '../../../src/events/snapshot.ts'
import { act, mayAct } from '../act.ts'
import { part } from '../model/store.ts'
import { ticking } from '../ticking.ts'
import { isLost } from '../view.ts'
import { LOOK_AT } from './look-at.ts'
import { SignIcon } from './signs.tsx'

type Step = NonNullable<TourState['step']>

const STEPS: readonly Step[] = [1, 2, 3, 4, 5]
const END = 6

/** Stands in the inspector's place while a tour is on; on a small screen it is a sheet. */
export function TourCard(): JSX.Element | null {
  const tour = part('tour').value
  return tour.step === null ? null : <Card tour={tour} step={tour.step} />
}

/** Where the card is a sheet; see tour.css. */
const SHEET = '(max-width: 1080px)'

function Card({ tour, step }: { readonly tour: TourState; readonly step: Step }): JSX.Element {
  const { state, title, before, after, counted } = tour
  useEffect(() => {
    // Above the sheet, so that it covers nothing of what it is about.
    if (matchMedia(SHEET).matches) document.getElementById('instances')?.scrollIntoView()
  }, [step])
  const isEnd = step === END
  return (
    <aside class="tour" role="region" aria-labelledby="tour-title">
      <div class="tour-top">
        <span>{isEnd ? 'The tour is over' : `Step ${step} of ${STEPS.length}`}</span>
        <EndButton />
      </div>
      <span class="tour-steps" aria-hidden="true">
        {STEPS.map((each) => (
          <i key={each} class={each <= step ? 'past' : ''} />
        ))}
      </span>
      <h2 id="tour-title">{title}</h2>
      <div aria-live="polite">
        <p class="before">{before}</p>
        {state === 'acting' && (
          <p class="acting">
            <i />
            It happens now. Watch the picture.
          </p>
        )}
        {after !== '' && <p class={state === 'missed' ? 'answer bad missed' : 'after'}>{after}</p>}
        {counted !== '' && <Witness counted={counted} />}
      </div>
      <Verbs step={step} state={state} />
      {tour.goesOnAt != null && <GoesOn at={tour.goesOnAt} />}
      <ul class="look-at" aria-label={isEnd ? 'What you can do now' : 'What to look at'}>
        {LOOK_AT[step].map(({ sign, words }) => (
          <li key={sign}>
            <SignIcon sign={sign} />
            {words}
          </li>
        ))}
      </ul>
    </aside>
  )
}

/** `rows that the job inserted: 1 begin · 1 end`: who counted, and what. */
function Witness({ counted }: { readonly counted: string }): JSX.Element {
  const at = counted.indexOf(': ')
  const who = at === -1 ? 'Counted in the database' : counted.slice(0, at)
  return (
    <p class="witness">
      <span>{who.charAt(0).toUpperCase() + who.slice(1)}</span>
      <b>{at === -1 ? counted : counted.slice(at + 2)}</b>
    </p>
  )
}

/** Not in the part that is read out: it counts every second. */
function GoesOn({ at }: { readonly at: number }): JSX.Element {
  const seconds = Math.max(0, Math.ceil((at - ticking.value) / 1_000))
  return <p class="small goes-on">Goes on by itself in {seconds} s</p>
}

function EndButton(): JSX.Element {
  return (
    <button
      type="button"
      class="icon"
      aria-label="End the tour"
      disabled={isLost.value}
      onClick={() => void act('tour', { go: 'end' })}
    >
      ×
    </button>
  )
}

function Verbs({ step, state }: { readonly step: Step; readonly state: TourState['state'] }): JSX.Element {
  const [answer, setAnswer] = useState<ActionAnswer>()
  const isActing = state === 'acting' || isLost.value
  // While the step acts, or the server does not answer, they do nothing, but keep the focus: a visitor who goes on by keyboard finds it where it was.
  const go = async (where: Actions['tour']['go']): Promise<void> => {
    if (isActing && where !== 'end') return
    const said = await act('tour', { go: where, from: step })
    setAnswer(said.ok ? undefined : said)
  }
  return (
    <>
      <div class="tour-verbs">
        {step > 1 && (
          <button type="button" class="act" aria-disabled={isActing} onClick={() => void go('back')}>
            Back
          </button>
        )}
        {step !== END && (
          <button type="button" class="act" aria-disabled={isActing} onClick={() => void go('again')}>
            Do it again
          </button>
        )}
        {step === END ? (
          <button type="button" class="primary" disabled={isLost.value} onClick={() => void go('end')}>
            End the tour
          </button>
        ) : (
          <button type="button" class="primary" aria-disabled={isActing} onClick={() => void go('next')}>
            Next
          </button>
        )}
      </div>
      {answer !== undefined && (
        <p class="answer bad" role="alert">
          {answer.message}
        </p>
      )}
      {!mayAct.value && <p class="small">Who has the token from the terminal leads the tour.</p>}
    </>
  )
}
