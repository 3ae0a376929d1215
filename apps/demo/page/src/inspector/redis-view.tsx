import type { JSX } from 'preact'
import { clockOf, lengthOf } from '../format.ts'
import { part } from '../model/store.ts'
import { Frame } from './frame.tsx'

/** The store that all share. */
export function RedisView(): JSX.Element {
  const { state, version, persistence, roundTripMs, stopped } = part('redis').value
  return (
    <Frame title="Redis">
      <p class="lead">
        {state === 'up' ? 'It is up.' : state === 'stopped' ? 'It is stopped.' : 'It cannot be reached.'}
      </p>
      <dl class="facts">
        <div>
          <dt>Version</dt>
          <dd>{version ?? 'unknown'}</dd>
        </div>
        <div>
          <dt>Persistence</dt>
          <dd>{persistence ?? 'unknown'}</dd>
        </div>
        <div>
          <dt>Round trip</dt>
          <dd>{roundTripMs === null ? 'no answer' : `${roundTripMs.toFixed(1)} ms`}</dd>
        </div>
        {stopped.slice(-5).map(({ from, to }) => (
          <div key={from}>
            <dt>Stopped at {clockOf(from)}</dt>
            <dd>{to === null ? 'until now' : `for ${lengthOf(to - from)}`}</dd>
          </div>
        ))}
      </dl>
    </Frame>
  )
}
