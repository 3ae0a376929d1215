import { hostNow } from '../clock.ts'
import type { TourState } from '../events/page-event.ts'
import type { World, WorldEvent } from '../live/world.ts'
import { putRight } from './put-right.ts'
import { openScene } from './scene.ts'
import { type Ending, Missed, type Step } from './step.ts'

export interface Playing {
  readonly world: World
  readonly publish: (event: WorldEvent) => void
  readonly step: Step
  readonly place: NonNullable<TourState['step']>
  readonly chapterId: string
  readonly signal: AbortSignal
  readonly patienceMs: number
  readonly show: (state: TourState) => void
}

/** Why a step is left: the world is about to be closed, and need not be put right. */
export const CLOSED = 'closed'

/** Plays one step to its end, and tells the page; or until the visitor goes elsewhere. */
export async function playStep(playing: Playing): Promise<void> {
  const { world, publish, step, place, chapterId, signal, patienceMs, show } = playing
  const source = 'coordinator'
  const { title } = step
  let state: TourState = {
    step: place,
    state: 'acting',
    title,
    before: step.before(world.state()),
    after: '',
    counted: '',
    from: hostNow(),
    to: null,
    work: null,
  }
  const change = (changed: Partial<TourState>): void => {
    if (signal.aborted) return
    state = { ...state, ...changed }
    show(state)
  }
  const scene = openScene({
    world,
    signal,
    patienceMs,
    say: (before) => change({ before }),
    onWork: (work) => change({ work }),
  })
  let isTold = false
  const missing = step.needs
    .map((name) => world.state().missingActions[name])
    .find((why) => why !== undefined)
  try {
    if (missing !== undefined) throw new Missed(missing)
    await putRight(world, scene.until)
    change({ from: hostNow() })
    isTold = true
    publish({ at: hostNow(), source, type: 'chapter.began', chapterId, title, step: place })
    const ending: Ending = await step.play(scene)
    change({ ...ending, state: 'done', to: hostNow() })
  } catch (error) {
    change({ after: error instanceof Error ? error.message : String(error), state: 'missed', to: hostNow() })
  } finally {
    if (isTold) publish({ at: hostNow(), source, type: 'chapter.ended', chapterId })
    scene.close()
    if (signal.reason !== CLOSED) await putRight(world)
  }
}
