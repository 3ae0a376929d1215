import type { JSX } from 'preact'
import type { ReviewerMode } from '../../../src/events/page-event.ts'
import { act } from '../act.ts'
import { backToNow, pauseOrGoOn } from '../picture/moves.ts'
import { ActButton } from '../parts/act-button.tsx'
import { part } from '../model/store.ts'
import { dialog, isLost, span, until } from '../view.ts'

/** What a visitor can do to the world, and how much time the picture shows. */
export function Toolbar(): JSX.Element {
  return (
    <div class="toolbar" role="toolbar" aria-label="Try it">
      <div class="group">
        <ActButton name="fire" input={{ times: 15, waiting: 2 }} class="act strong">
          Fire one job × 15
        </ActButton>
        <button
          type="button"
          class="act"
          disabled={isLost.value}
          onClick={() => (dialog.value = { name: 'review-range' })}
        >
          Review a range…
        </button>
        <RedisButton />
        <ReviewerChoice />
        <More />
      </div>
      <TimeInView />
    </div>
  )
}

function RedisButton(): JSX.Element | null {
  const { state, canBeStopped } = part('redis').value
  const { storage } = part('world').value
  if (storage === 'memory') return null
  return state === 'stopped' ? (
    <ActButton name="start-redis" input={{}} class="act strong">
      Start Redis
    </ActButton>
  ) : (
    <ActButton name="stop-redis" input={{}} class="act" disabled={!canBeStopped}>
      Stop Redis
    </ActButton>
  )
}

const MODES: readonly ReviewerMode[] = ['normal', 'slow', 'failing']

function ReviewerChoice(): JSX.Element {
  const { reviewer, missingActions } = part('world').value
  return (
    <label class="act pick">
      Reviewer:
      <select
        value={reviewer}
        disabled={missingActions.reviewer !== undefined || isLost.value}
        title={missingActions.reviewer}
        onChange={({ currentTarget }) => void act('reviewer', { mode: currentTarget.value as ReviewerMode })}
      >
        {MODES.map((mode) => (
          <option key={mode} value={mode}>
            {mode}
          </option>
        ))}
      </select>
    </label>
  )
}

function More(): JSX.Element {
  if (isLost.value) {
    return (
      <button type="button" class="act opens" disabled>
        More
      </button>
    )
  }
  const gone = [...part('instances').value.values()].filter(({ state }) => state === 'gone')
  return (
    <details
      class="more"
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node) || !currentTarget.contains(relatedTarget))
          currentTarget.open = false
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return
        event.preventDefault()
        event.currentTarget.open = false
        event.currentTarget.querySelector('summary')?.focus()
      }}
    >
      <summary class="act opens">More</summary>
      <div class="more-menu">
        <ActButton name="fire" input={{ times: 3, waiting: 3 }} class="act">
          Fire one job × 3, all wait
        </ActButton>
        <ActButton name="fire" input={{ times: 60, waiting: 6 }} class="act">
          Fire one job × 60
        </ActButton>
        <ActButton
          name="fire"
          input={{ times: 3, waiting: 2, jobType: 'comprehensive-analysis' }}
          class="act"
        >
          Fire the full report × 3
        </ActButton>
        <ActButton name="without" input={{}} class="act">
          Run the same without Holdfast
        </ActButton>
        <ActButton name="clear-cache" input={{}} class="act">
          Clear the cache
        </ActButton>
        {gone.map(({ name }) => (
          <ActButton key={name} name="start" input={{ instance: name }} class="act">
            Start {name}
          </ActButton>
        ))}
      </div>
    </details>
  )
}

const SPANS = [
  [15_000, '15 s'],
  [45_000, '45 s'],
  [300_000, '5 min'],
  [null, 'All'],
] as const

function TimeInView(): JSX.Element {
  const isFollowing = until.value === null
  return (
    <div class="group">
      {!isFollowing && (
        <button type="button" class="act" onClick={backToNow}>
          Back to now
        </button>
      )}
      <button
        type="button"
        class="act square"
        aria-label={isFollowing ? 'Pause' : 'Go on'}
        title={isFollowing ? 'Pause: space' : 'Go on: space'}
        onClick={pauseOrGoOn}
      >
        <svg viewBox="0 0 10 10" width="10" height="10" fill="currentColor" aria-hidden="true">
          <path d={isFollowing ? 'M1 .5h3v9H1ZM6 .5h3v9H6Z' : 'M2 .8 9 5 2 9.2Z'} />
        </svg>
      </button>
      <div class="choice" role="group" aria-label="Time in view">
        {SPANS.map(([ms, text]) => (
          <button key={text} type="button" aria-pressed={span.value === ms} onClick={() => (span.value = ms)}>
            {text}
          </button>
        ))}
      </div>
    </div>
  )
}
