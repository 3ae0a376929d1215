import { setTimeout as sleep } from 'node:timers/promises'
import type { Work } from '../events/page-event.ts'
import type { World, WorldEvent } from '../live/world.ts'
import { ofType } from './account.ts'
import { Missed, type Scene } from './step.ts'

export interface SceneParts {
  readonly world: World
  /** Aborted when the visitor goes elsewhere. */
  readonly signal: AbortSignal
  /** So long one event is waited for. */
  readonly patienceMs: number
  readonly say: (before: string) => void
  readonly onWork: (work: Work) => void
}

export interface OpenScene extends Scene {
  readonly close: () => void
}

/** Hears the world from now on, for one step. */
export function openScene({ world, signal, patienceMs, say, onWork }: SceneParts): OpenScene {
  const events: WorldEvent[] = []
  const looks = new Set<() => void>()
  const unsubscribe = world.subscribe((event) => {
    events.push(event)
    for (const look of looks) look()
  })

  const until: Scene['until'] = async (what, look) => {
    signal.throwIfAborted()
    const found = Promise.withResolvers<NonNullable<unknown>>()
    const lookAgain = (): void => {
      const result = look()
      if (result !== undefined && result !== false) found.resolve(result as NonNullable<unknown>)
    }
    const ending = new AbortController()
    const late = sleep(patienceMs, undefined, { signal: AbortSignal.any([signal, ending.signal]) }).then(
      () => {
        throw new Missed(`${what} did not come within ${Math.round(patienceMs / 1_000)} seconds.`)
      },
    )
    looks.add(lookAgain)
    try {
      lookAgain()
      return (await Promise.race([found.promise, late])) as never
    } finally {
      looks.delete(lookAgain)
      late.catch(() => undefined)
      ending.abort()
    }
  }

  const act: Scene['act'] = async (name, input) => {
    signal.throwIfAborted()
    const { ok, message } = await world.act(name, input)
    if (!ok) throw new Missed(message)
  }

  const worked = new Set<string>()
  const fire: Scene['fire'] = async (input) => {
    const heard = events.length
    await act('fire', input)
    const asked = await until('The start', () =>
      ofType(events.slice(heard))('call.asked').find(
        ({ parentExecutionId, jobType, jobKey }) =>
          parentExecutionId === null &&
          jobType === (input.jobType ?? 'ai-review') &&
          jobKey === (input.jobKey ?? jobKey) &&
          (input.jobKey !== undefined || !worked.has(`${jobType} ${jobKey}`)),
      ),
    )
    const { jobType, jobKey } = asked
    worked.add(`${jobType} ${jobKey}`)
    if (worked.size === 1) onWork({ jobType, jobKey })
    return { jobType, jobKey }
  }

  return {
    state: world.state,
    events: () => events,
    until,
    act,
    fire,
    about: onWork,
    pause: async (ms) => await sleep(ms, undefined, { signal }),
    say,
    close: unsubscribe,
  }
}
