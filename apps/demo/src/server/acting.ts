import type { ActionAnswer, ActionName, Actions } from '../events/snapshot.ts'
import type { World, WorldEvent } from '../live/world.ts'
import { type TourOptions, createTour } from '../tour/tour.ts'
import { createChapters } from './chapters.ts'

/** Does what visitors ask for. */
export interface Acting {
  /** Resolves when it is done, and says what was done or why not. */
  readonly act: <Name extends ActionName>(name: Name, input: Actions[Name]) => Promise<ActionAnswer>
  readonly close: () => Promise<void>
}

export function createActing(
  world: World,
  publish: (event: WorldEvent) => void,
  options?: TourOptions,
): Acting {
  const chapters = createChapters(world, publish)
  const tour = createTour(world, publish, options)
  return {
    async act(name, input) {
      return isOfTour(name, input)
        ? tour.go(input.go, input.from)
        : await chapters.act(name as WorldAction, input as never)
    },
    async close() {
      chapters.close()
      await tour.close()
    },
  }
}

type WorldAction = Exclude<ActionName, 'tour'>

function isOfTour(name: ActionName, _input: Actions[ActionName]): _input is Actions['tour'] {
  return name === 'tour'
}
