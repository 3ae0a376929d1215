import type { JSX } from 'preact'
import { clockOf, plural } from '../format.ts'
import { lowerPart } from '../model/store.ts'

/** Who has won each of the last ticks: all instances run the schedule, and one cleans up. */
export function CleanUps(): JSX.Element | null {
  const ticks = lowerPart('cleanUps').value.toReversed()
  if (ticks.length === 0) return null
  return (
    <section class="panel clean-ups" id="clean-ups" aria-labelledby="clean-ups-title">
      <header>
        <h2 id="clean-ups-title">Clean-up</h2>
        <p>All instances at each tick, one does it</p>
      </header>
      <ol>
        {ticks.map(({ slot, instance, reviews, lines }) => (
          <li key={slot}>
            <time class="mono">{clockOf(slot)}</time> <b>{instance}</b>
            <span class="small">
              {reviews + lines === 0
                ? 'nothing was old'
                : `${plural(reviews, 'review')}, ${plural(lines, 'log line')} removed`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
