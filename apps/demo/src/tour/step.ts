import type { Work } from '../events/page-event.ts'
import type { ActionName, Actions, WorldState } from '../events/snapshot.ts'
import type { WorldEvent } from '../live/world.ts'

/** One story of the tour. */
export interface Step {
  readonly title: string
  /** What is going to be done, as far as it is known before it happens. */
  readonly before: (state: WorldState) => string
  /** What it does. Where the world cannot, the step says why. */
  readonly needs: readonly ActionName[]
  /** Does it, and says what was seen. @throws Missed when something does not come */
  readonly play: (scene: Scene) => Promise<Ending>
}

/** Numbers and names are of what happened. */
export interface Ending {
  readonly after: string
  /** By whom. */
  readonly counted: string
}

/** What a step plays with. */
export interface Scene {
  readonly state: () => WorldState
  /** Since the step began. */
  readonly events: () => readonly WorldEvent[]
  /** @throws Missed when the world refuses */
  readonly act: <Name extends Exclude<ActionName, 'tour'>>(name: Name, input: Actions[Name]) => Promise<void>
  /** Starts jobs; resolves to what they work on. The first is what the step is about, until `about` names another. */
  readonly fire: (input: Actions['fire']) => Promise<Work>
  readonly about: (work: Work) => void
  /** Looks again with every event, until there is something. @throws Missed when it does not come in time */
  readonly until: <T>(what: string, look: () => T | undefined | false) => Promise<T>
  /** Ends at once when the visitor goes elsewhere. */
  readonly pause: (ms: number) => Promise<void>
  /** More is known of what is being done. */
  readonly say: (before: string) => void
}

/** Something did not come; the message is for people. */
export class Missed extends Error {
  readonly code = 'MISSED'
}
