import { hostNow } from '../clock.ts'
import type { TourState, Verdict } from '../events/page-event.ts'
import type { ActionAnswer, Actions } from '../events/snapshot.ts'
import type { World, WorldEvent } from '../live/world.ts'
import { lastWords } from './last-words.ts'
import { CLOSED, playStep } from './play-step.ts'
import { STEPS } from './steps/index.ts'

type Go = Actions['tour']['go']
type Place = NonNullable<TourState['step']>

/** Leads through five stories. It knows the world as every visitor does, and does nothing that they could not do. */
export interface Tour {
  /**
   * Answers at once: events say what follows.
   *
   * @param from the step that the visitor saw; where the tour has gone on since, nothing is done
   */
  readonly go: (go: Go, from?: Place) => ActionAnswer
  /** Ends what is being played, and puts right what it did. */
  readonly close: () => Promise<void>
}

export interface TourOptions {
  /** So long one event is waited for. */
  readonly patienceMs?: number
  /** So long the end of a step stands until the next begins by itself. Null: until the visitor goes on. */
  readonly readingMs?: number | null
}

const PATIENCE_MS = 20_000
const READING_MS = 20_000

const OFF: TourState = {
  step: null,
  state: 'done',
  title: '',
  before: '',
  after: '',
  counted: '',
  from: 0,
  to: null,
  work: null,
}

const END = 6

export function createTour(
  world: World,
  publish: (event: WorldEvent) => void,
  { patienceMs = PATIENCE_MS, readingMs = READING_MS }: TourOptions = {},
): Tour {
  let current: TourState = OFF
  let verdict: Verdict | undefined
  let reading: NodeJS.Timeout | undefined
  let leaving = new AbortController()
  let playing: Promise<void> = Promise.resolve()
  let plays = 0
  const done = new Map<Place, TourState>()

  const show = (state: TourState): void => {
    current = state
    publish({ at: hostNow(), source: 'coordinator', type: 'tour', ...state })
  }
  const unsubscribe = world.subscribe((event) => {
    if (event.type === 'verdict') verdict = event
  })

  /** What is played is left: it puts right what it did before anything else is played. */
  const leave = (reason?: typeof CLOSED): void => {
    clearTimeout(reading)
    leaving.abort(reason)
    leaving = new AbortController()
  }

  const finish = (place: Place, state: TourState): void => {
    done.set(place, state)
    if (readingMs === null) return show(state)
    reading = setTimeout(() => goOn(place), readingMs)
    show({ ...state, goesOnAt: hostNow() + readingMs })
  }

  const play = (place: Place): void => {
    leave()
    const { signal } = leaving
    const step = STEPS[place - 1]
    if (step === undefined) {
      // The stories since the first one again, without Holdfast: the page shows what they come to.
      void world.act('without', {})
      show({ ...OFF, step: END, title: 'Now you', ...lastWords(verdict), from: hostNow(), to: hostNow() })
      return
    }
    plays += 1
    const chapterId = `tour-${plays}`
    const before = playing
    const playNow = async (): Promise<void> => {
      await before
      if (signal.aborted) return
      const tell = (state: TourState): void => {
        if (state.state === 'acting') show(state)
        else finish(place, state)
      }
      await playStep({ world, publish, step, place, chapterId, signal, patienceMs, show: tell })
    }
    playing = playNow()
    show({
      ...OFF,
      step: place,
      state: 'acting',
      title: step.title,
      before: step.before(world.state()),
      from: hostNow(),
    })
  }

  /** What was played already is shown as it was. */
  const visit = (place: Place): void => {
    const known = done.get(place)
    if (known === undefined) return play(place)
    leave()
    show(known)
  }

  const goOn = (from: Place): void => {
    if (from === END) end()
    else visit(placeAfter(from))
  }

  const end = (): void => {
    leave()
    done.clear()
    show({ ...OFF, from: hostNow() })
  }

  const answer = (): ActionAnswer => ({
    ok: true,
    message: current.step === null ? 'The tour has ended.' : current.title,
  })

  return {
    go(go, from) {
      const { step } = current
      if (go === 'start') {
        done.clear()
        play(1)
      } else if (step === null) return { ok: false, message: 'No tour is on. Start one.' }
      else if (go === 'end') end()
      // Another visitor wanted the same, or it went on by itself before this wish arrived.
      else if (from !== undefined && from !== step) return answer()
      else if (go === 'again') play(step === END ? 1 : step)
      else if (go === 'back') visit(Math.max(1, step - 1) as Place)
      else goOn(step)
      return answer()
    },
    async close() {
      unsubscribe()
      leave(CLOSED)
      await playing
    },
  }
}

function placeAfter(place: Place): Place {
  return Math.min(END, place + 1) as Place
}
