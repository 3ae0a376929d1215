import type { JSX } from 'preact'
import { ActButton } from '../parts/act-button.tsx'
import { isLoaded, part } from '../model/store.ts'
import { connection, dialog } from '../view.ts'
import { LostLine } from './lost-line.tsx'
import { ThemeButton } from './theme-button.tsx'

/** The name, whether it is live, and the tour. */
export function Bar({ retryNow }: { readonly retryNow: () => void }): JSX.Element {
  return (
    <>
      <a class="skip" href="#instances">
        To the picture
      </a>
      <header class="top">
        <a class="brand" href="/">
          <Mark />
          <b>AIReview</b> <span class="brand-more">on Holdfast</span>
        </a>
        <Status />
        <span class="grow" />
        <ThemeButton />
        <button
          type="button"
          class="icon keys"
          aria-label="Keys"
          title="Keys: ?"
          onClick={() => (dialog.value = { name: 'keys' })}
        >
          ?
        </button>
        <TourButton />
      </header>
      <LostLine retryNow={retryNow} />
    </>
  )
}

function TourButton(): JSX.Element {
  const isOn = part('tour').value.step !== null
  return (
    <ActButton name="tour" input={{ go: isOn ? 'end' : 'start' }} class="primary">
      <svg viewBox="0 0 10 10" width="10" height="10" fill="currentColor" aria-hidden="true">
        <path d={isOn ? 'M1 1h8v8H1Z' : 'M2 .8 9 5 2 9.2Z'} />
      </svg>
      {isOn ? 'End the tour' : 'Start the tour'}
    </ActButton>
  )
}

/** Each says by shape and word whether it is as it should be. */
function Status(): JSX.Element {
  const { state, roundTripMs } = part('redis').value
  const instances = [...part('instances').value.values()]
  const { storage, hangfire } = part('world').value
  const up = instances.filter((each) => each.state === 'up').length
  const link = connection.value.state
  const store = storage === 'memory' ? 'Memory' : 'Redis'
  const redis = state === 'up' ? (roundTripMs === null ? 'up' : `${roundTripMs.toFixed(1)} ms`) : state
  return (
    <ul class="status">
      <li class={link === 'connecting' ? 'wait' : link}>
        <i />
        <b>{{ connecting: 'Connecting', live: 'Live', lost: 'Not live' }[link]}</b>
      </li>
      {isLoaded.value && (
        <>
          <li class={state === 'up' ? 'live' : 'lost'}>
            <i />
            <span>
              {store} <b>{storage === 'memory' ? 'of one process' : redis}</b>
            </span>
          </li>
          {hangfire !== undefined && (
            <li class={hangfire.state === 'up' ? 'live' : 'lost'}>
              <i />
              <span>
                Hangfire{' '}
                <b>
                  {hangfire.state === 'up'
                    ? hangfire.waiting > 0
                      ? `${hangfire.waiting} wait`
                      : 'up'
                    : 'lost'}
                </b>
              </span>
            </li>
          )}
          <li class={up === 0 ? 'lost' : up < instances.length ? 'wait' : 'live'}>
            <i />
            <span>
              <b>{up < instances.length ? `${up} of ${instances.length}` : instances.length}</b>{' '}
              {instances.length === 1 ? 'instance' : 'instances'}
            </span>
          </li>
        </>
      )}
    </ul>
  )
}

function Mark(): JSX.Element {
  return (
    <svg
      viewBox="0 0 24 24"
      width="22"
      height="22"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <circle cx="12" cy="4.5" r="2.2" />
      <path d="M12 6.7V21M4 13c.4 4.6 3.6 8 8 8s7.6-3.4 8-8M8.5 10.5h7" />
    </svg>
  )
}
