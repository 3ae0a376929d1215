import type { TourState } from '../../src/events/page-event.ts'
import type { World, WorldEvent } from '../../src/live/world.ts'
import { type Tour, type TourOptions, createTour } from '../../src/tour/tour.ts'
import type { Finish } from '../repository.ts'

/** A tour, and what it tells. */
export interface Toured extends Tour {
  /** Everything that the world and the tour told. */
  readonly events: readonly WorldEvent[]
  /** The end of this step, past or to come. */
  readonly ended: (step: number) => Promise<TourState>
}

export function toured(world: World, onTestFinished: Finish, options: TourOptions = {}): Toured {
  const events: WorldEvent[] = []
  const looks = new Set<() => void>()
  const hear = (event: WorldEvent): void => {
    events.push(event)
    for (const look of looks) look()
  }
  world.subscribe(hear)
  // So long that only what never comes is missed, on a machine that has much else to do.
  const tour = createTour(world, hear, { patienceMs: 300_000, readingMs: null, ...options })
  onTestFinished(() => tour.close())
  return {
    ...tour,
    events,
    ended: (step) =>
      new Promise((resolve) => {
        const look = (): void => {
          const state = events.findLast((event) => event.type === 'tour')
          if (state?.type !== 'tour' || state.step !== step || state.state === 'acting') return
          looks.delete(look)
          resolve(state)
        }
        looks.add(look)
        look()
      }),
  }
}
