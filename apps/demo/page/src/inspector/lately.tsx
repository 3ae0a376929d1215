import type { JSX } from 'preact'
import { clockOf } from '../format.ts'
import { model, part } from '../model/store.ts'
import { exceptionsOf } from '../picture/happenings.ts'
import { select } from '../select.ts'

const LINES = 8

/** Nothing is selected: what was not ordinary, newest first. */
export function Lately(): JSX.Element {
  const hasBars = part('works').value.size > 0
  const unusual = exceptionsOf(model.value, LINES).toReversed()
  return (
    <aside class="panel inspector of-nothing" role="region" aria-labelledby="inspector-title">
      <header>
        <h2 id="inspector-title">Out of the ordinary</h2>
      </header>
      {hasBars && (
        <p class="lead muted">
          Choose a bar of the picture: its attempts, who waited for it, and what Redis holds.
        </p>
      )}
      {unusual.length === 0 ? (
        <p class="nothing">No instance was killed, frozen, refused or taken over in the last minutes.</p>
      ) : (
        <ol class="lately">
          {unusual.map(({ id, at, where, what, job, work }) => (
            <li key={id}>
              <time>{clockOf(at)}</time>
              <span>
                <b>{where}</b> {what}
                {work !== null && (
                  <>
                    {' '}
                    <button type="button" class="link" onClick={() => select({ kind: 'work', ...work })}>
                      {job}
                    </button>
                  </>
                )}
              </span>
            </li>
          ))}
        </ol>
      )}
    </aside>
  )
}
