import type { JSX } from 'preact'
import { exactClockOf } from '../format.ts'
import { model } from '../model/store.ts'
import { select } from '../select.ts'
import { happeningsOf } from './happenings.ts'

/** The picture as a table: what a screen reader gets, newest first. */
export function HappeningsTable(): JSX.Element {
  const happenings = happeningsOf(model.value).toReversed()
  return (
    <div class="happenings" tabIndex={0} role="region" aria-label="What happened, newest first">
      <table>
        <thead>
          <tr>
            {['When', 'Where', 'Job', 'Attempt', 'Fence', 'What happened', 'How long'].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {happenings.map(({ id, at, where, job, work, attempt, fence, what, howLong, isException }) => (
            <tr key={id} class={isException ? 'is-exception' : undefined}>
              <td>
                <time>{exactClockOf(at)}</time>
              </td>
              <td>{where}</td>
              <td>
                {work === null ? (
                  job
                ) : (
                  <button type="button" class="link" onClick={() => select({ kind: 'work', ...work })}>
                    {job}
                  </button>
                )}
              </td>
              <td>{attempt}</td>
              <td>{fence}</td>
              <td>{what}</td>
              <td>{howLong}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {happenings.length === 0 && <p class="sub">Nothing has run yet.</p>}
    </div>
  )
}
