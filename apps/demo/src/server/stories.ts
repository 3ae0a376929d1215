import type { ActionName, Actions } from '../events/snapshot.ts'
import type { WorldEvent } from '../live/world.ts'

/** What begins with an act of a visitor. */
export interface Story {
  readonly title: string
  /** Sees each event from the act on; true: its effect is over. */
  readonly isOver: (event: WorldEvent) => boolean
}

type Teller<Name extends ActionName> = (input: Actions[Name]) => Story

const STORIES: { readonly [Name in ActionName]?: Teller<Name> } = {
  fire: ({ times }) => ({ title: `${times} at once`, isOver: untilAllAnswered() }),
  review: ({ base, head }) => ({ title: `Review ${base}..${head}`, isOver: untilAllAnswered() }),
  'review-many': () => ({ title: 'Many reviews', isOver: untilAllAnswered() }),
  retry: () => ({ title: 'Try again', isOver: untilAllAnswered() }),
  'review-again': () => ({ title: 'Review again', isOver: untilAllAnswered() }),
  kill: ({ instance }) => ({ title: `${instance} is killed`, isOver: until('instance.started', instance) }),
  freeze: ({ instance }) => ({ title: `${instance} is frozen`, isOver: until('instance.thawed', instance) }),
  cut: ({ instance }) => ({ title: `${instance} is cut off`, isOver: until('instance.restored', instance) }),
  'stop-redis': () => ({ title: 'Redis stops', isOver: ({ type }) => type === 'redis.started' }),
  without: () => ({ title: 'Without Holdfast', isOver: ({ type }) => type === 'control.ran' }),
}

/** Undefined: it changes something, but nothing that goes on for a while. */
export function storyOf<Name extends ActionName>(name: Name, input: Actions[Name]): Story | undefined {
  const teller: Teller<Name> | undefined = STORIES[name]
  return teller?.(input)
}

function until(
  type: 'instance.started' | 'instance.thawed' | 'instance.restored',
  instance: string,
): Story['isOver'] {
  return (event) =>
    // A process that is killed is neither woken up nor connected again.
    (event.type === type || event.type === 'instance.killed' || event.type === 'instance.exited') &&
    event.instance === instance &&
    (type !== 'instance.started' || event.type === type)
}

/** The starts of the first new piece of work, those that its jobs make, and what they become. */
function untilAllAnswered(): Story['isOver'] {
  let jobKey: string | undefined
  /** By call: the instance that it waits in. */
  const asked = new Map<string, string>()
  return (event) => {
    if (event.type === 'call.asked') {
      jobKey ??= event.jobKey
      if (event.jobKey === jobKey) asked.set(event.callId, event.source)
      return false
    }
    if (asked.size === 0) return false
    if (event.type === 'call.answered') asked.delete(event.callId)
    // Who asked there gets no answer.
    else if (event.type === 'instance.killed' || event.type === 'instance.exited') {
      for (const [callId, instance] of asked) if (instance === event.instance) asked.delete(callId)
    } else return false
    return asked.size === 0
  }
}
