import type { JSX } from 'preact'
import type { ReviewView } from '../../../src/events/snapshot.ts'
import { clockOf, plural } from '../format.ts'
import { STATE_WORDS } from './progress.ts'

/** How a review came to its state, and who was told of it. */
export function Life({ view }: { readonly view: Pick<ReviewView, 'moves' | 'notices'> }): JSX.Element | null {
  const { moves, notices } = view
  if (moves.length === 0) return null
  return (
    <details class="life">
      <summary>
        {plural(moves.length, 'change')} of its state, {plural(notices.length, 'notification')}
      </summary>
      <ol>
        {moves.map(({ at, version, to, who, reason }) => (
          <li key={version}>
            <time class="mono">{clockOf(at)}</time> <b>{STATE_WORDS[to]}</b> by {who}
            {reason !== null && `: ${reason}`}
            <ul>
              {notices
                .filter((notice) => notice.version === version)
                .map(({ recipient, name, message }, index) => (
                  <li key={index}>
                    Told {recipient === 'author' ? 'the author' : 'the project'} <b>{name}</b>: {message}
                  </li>
                ))}
            </ul>
          </li>
        ))}
      </ol>
    </details>
  )
}
