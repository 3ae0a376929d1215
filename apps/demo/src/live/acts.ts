import type { ReviewerMode } from '../events/page-event.ts'
import type { ActionAnswer, ActionName, Actions } from '../events/snapshot.ts'
import { fireActs } from './fire-acts.ts'
import { instanceActs } from './instance-acts.ts'
import { redisActs } from './redis-acts.ts'
import { stateActs } from './state-acts.ts'
import { NothingDone, type Scene } from './scene.ts'

export type WorldAction = Exclude<ActionName, 'tour'>

/** Each says what was done; what it throws says why nothing was, and what to do. */
export type ActTable = {
  readonly [Name in WorldAction]: (input: Actions[Name]) => Promise<string> | string
}

export interface Acts {
  act<Name extends WorldAction>(name: Name, input: Actions[Name]): Promise<ActionAnswer>
  reviewerMode(): ReviewerMode
  /** Ends what goes on in the background. */
  close(): Promise<void>
}

/** What a visitor can do to a world. */
export function createActs(scene: Scene): Acts {
  const firing = fireActs(scene)
  const instances = instanceActs(scene)
  const table: ActTable = {
    ...firing.acts,
    ...instances.acts,
    ...redisActs(scene),
    ...stateActs(scene),
  }
  return {
    async act(name, input) {
      const missing = scene.ground.missingActions[name]
      if (missing !== undefined) return { ok: false, message: missing }
      try {
        return { ok: true, message: await table[name](input) }
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        if (!(error instanceof NothingDone)) scene.news.log('error', `${name} failed: ${message}`)
        return { ok: false, message }
      }
    },
    reviewerMode: instances.reviewerMode,
    close: firing.close,
  }
}
