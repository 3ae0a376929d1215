import type { ReviewerMode } from '../events/page-event.ts'
import type { ActionAnswer, ActionName, Actions } from '../events/snapshot.ts'
import { fireActs } from './fire-acts.ts'
import { instanceActs } from './instance-acts.ts'
import { manyReviews } from './many-reviews.ts'
import { redisActs } from './redis-acts.ts'
import { reviewActs } from './review-acts.ts'
import type { Starting } from './starting.ts'
import { stateActs } from './state-acts.ts'
import { NothingDone, type Scene } from './scene.ts'

export type WorldAction = Exclude<ActionName, 'tour'>

/** Each says what was done; what it throws says why nothing was, and what to do. */
export type ActTable = {
  readonly [Name in WorldAction]: (input: Actions[Name]) => Promise<string | Done> | string | Done
}

/** What was done, where there is more to say than a sentence. */
export type Done = Omit<ActionAnswer, 'ok'>

export interface Acts {
  act<Name extends WorldAction>(name: Name, input: Actions[Name]): Promise<ActionAnswer>
  reviewerMode(): ReviewerMode
  /** Ends what goes on in the background. */
  close(): Promise<void>
}

/** What a visitor can do to a world. */
export function createActs(scene: Scene, starting: Starting): Acts {
  const firing = fireActs(scene, starting)
  const instances = instanceActs(scene)
  const table: ActTable = {
    ...firing.acts,
    ...reviewActs(scene, starting),
    ...manyReviews(scene, starting),
    ...instances.acts,
    ...redisActs(scene),
    ...stateActs(scene),
  }
  return {
    async act(name, input) {
      const missing = scene.ground.missingActions[name]
      if (missing !== undefined) return { ok: false, message: missing }
      try {
        const done = await table[name](input)
        return { ok: true, ...(typeof done === 'string' ? { message: done } : done) }
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
