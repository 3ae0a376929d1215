import type { JSX } from 'preact'
import { ActButton } from '../parts/act-button.tsx'
import { isLoaded, part } from '../model/store.ts'

/** Before anything has run. */
export function EmptyPicture(): JSX.Element {
  const count = part('instances').value.size
  if (!isLoaded.value) {
    return (
      <div class="empty is-loading">
        <p>Starting the instances… Redis is being fetched (first start only).</p>
      </div>
    )
  }
  return (
    <div class="empty">
      <b>Nothing has run yet</b>
      <p>
        {count} instances wait for work. Start one job fifteen times at the same moment, and watch how often
        it runs.
      </p>
      <span class="group">
        <ActButton name="tour" input={{ go: 'start' }} class="primary">
          Start the tour
        </ActButton>
        <ActButton name="fire" input={{ times: 15, waiting: 2 }} class="act">
          Fire one job × 15
        </ActButton>
      </span>
    </div>
  )
}
