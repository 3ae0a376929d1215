import type { TestContext } from 'vitest'
import { openWorld } from '../../src/live/open-world.ts'
import type { WorldOptions } from '../../src/live/options.ts'
import type { World, WorldEvent } from '../../src/live/world.ts'
import { reviewable } from '../demo-run.ts'
import { temporaryFolder } from '../repository.ts'

type EventOf<Type extends WorldEvent['type']> = WorldEvent & { readonly type: Type }

/** A world at work, and all that was heard of it. */
export interface ObservedWorld {
  readonly world: World
  readonly folder: string
  readonly all: <Type extends WorldEvent['type']>(type: Type) => readonly EventOf<Type>[]
  /** The first event, past or to come, that is so. */
  readonly until: <Type extends WorldEvent['type']>(
    type: Type,
    isIt?: (event: EventOf<Type>) => boolean,
  ) => Promise<EventOf<Type>>
}

/** Ends with the test. It reviews two small commits, and waits shortly for whom falls silent. */
export async function aWorld(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  options: Partial<WorldOptions> = {},
): Promise<ObservedWorld> {
  const folder = temporaryFolder(onTestFinished)
  const world = await openWorld({
    storage: 'redis',
    ownRedis: true,
    repo: reviewable(onTestFinished),
    folder,
    paceMs: 100,
    leaseMs: 3_000,
    restartAfterMs: null,
    ...options,
  })
  onTestFinished(() => world.close())
  const heard: WorldEvent[] = []
  const waiting = new Set<(event: WorldEvent) => void>()
  world.subscribe((event) => {
    heard.push(event)
    for (const look of waiting) look(event)
  })
  const all = <Type extends WorldEvent['type']>(type: Type): readonly EventOf<Type>[] =>
    heard.filter((event): event is EventOf<Type> => event.type === type)
  return {
    world,
    folder,
    all,
    until: (type, isIt = () => true) => {
      const known = all(type).find(isIt)
      if (known !== undefined) return Promise.resolve(known)
      return new Promise((resolve) => {
        const look = (event: WorldEvent): void => {
          if (event.type !== type || !isIt(event as EventOf<typeof type>)) return
          waiting.delete(look)
          resolve(event as EventOf<typeof type>)
        }
        waiting.add(look)
      })
    },
  }
}
