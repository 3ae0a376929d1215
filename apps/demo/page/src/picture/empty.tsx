import type { JSX } from 'preact'
import { ActButton } from '../parts/act-button.tsx'
import { plural } from '../format.ts'
import { isLoaded, part } from '../model/store.ts'

/** Before anything has run. */
export function EmptyPicture(): JSX.Element {
  const instances = [...part('instances').value.values()]
  const starting = instances.filter(({ state }) => state === 'starting').length
  const isUp = instances.some(({ state }) => state === 'up')
  if (!isLoaded.value || (starting > 0 && !isUp)) {
    const what = starting === 0 ? 'the instances' : plural(starting, 'instance')
    return (
      <div class="empty is-loading">
        <p>Starting {what}… The first start also fetches Redis.</p>
      </div>
    )
  }
  const [first] = instances
  if (!isUp && first !== undefined) {
    return (
      <div class="empty">
        <b>No instance is up</b>
        <ActButton
          name={first.state === 'frozen' ? 'thaw' : 'start'}
          input={{ instance: first.name }}
          class="primary"
        >
          {first.state === 'frozen' ? 'Thaw' : 'Start'} {first.name}
        </ActButton>
      </div>
    )
  }
  return (
    <div class="empty">
      <b>Nothing has run yet</b>
      <p>
        {plural(instances.length, 'instance waits', 'instances wait')} for work. Start one job fifteen times
        at the same moment, and watch how often it runs.
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
