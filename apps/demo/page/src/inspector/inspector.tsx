import type { JSX } from 'preact'
import { part } from '../model/store.ts'
import { selection } from '../view.ts'
import { Frame } from './frame.tsx'
import { InstanceView } from './instance-view.tsx'
import { Lately } from './lately.tsx'
import { RedisView } from './redis-view.tsx'
import { StoredView } from './stored-view.tsx'
import { WorkView } from './work-view.tsx'

/** What is selected; while nothing is, what was not ordinary. */
export function Inspector(): JSX.Element {
  const chosen = selection.value
  if (chosen === null) return <Lately />
  switch (chosen.kind) {
    case 'work': {
      const work = part('works').value.get(`${chosen.jobType}:${chosen.jobKey}`)
      return work === undefined ? <Unknown /> : <WorkView key={work.key} work={work} />
    }
    case 'instance': {
      const instance = part('instances').value.get(chosen.name)
      return instance === undefined ? <Unknown /> : <InstanceView instance={instance} />
    }
    case 'lock':
    case 'cache':
      return <StoredView key={`${chosen.kind} ${chosen.name}`} {...chosen} />
    case 'redis':
      return <RedisView />
  }
}

function Unknown(): JSX.Element {
  return (
    <Frame title="Not here any more">
      <p class="nothing">It is older than what the server keeps, or has not begun yet.</p>
    </Frame>
  )
}
