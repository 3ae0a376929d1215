import type { ManyOutcome } from '../events/snapshot.ts'
import { isAllowed, standingOf } from '../store/review-states.ts'
import { type Asked, openAsked, readRange } from './asked-range.ts'
import type { Scene } from './scene.ts'
import { type Starting, guarded } from './starting.ts'

/** What became of it. */
export type Started = ManyOutcome & { readonly review: string }

/** Has a range reviewed unless that is done, or going on: asked for twice, it is reviewed once. */
export interface ReviewStarter {
  read(range: string): Promise<Asked>
  /** What cannot be reviewed becomes a review that is rejected, with the reason. */
  start(asked: Asked, starters: readonly string[]): Promise<Started>
}

export function reviewStarter(scene: Scene, starting: Starting): ReviewStarter {
  const { source, ground } = scene
  return {
    read: (range) => readRange(source, range),
    async start(asked, starters) {
      const review = openAsked(scene, asked)
      const told = { range: asked.range, review: review.id, reason: null }
      if ('problem' in asked) return { ...told, what: 'refused', reason: asked.problem }
      const { idempotency } = ground.observer
      // While Redis is away its state is not known, and the start itself says so.
      const status = await idempotency.getExecutionStatus('ai-review', review.id).catch(() => null)
      const isExecuting = status?.status === 'executing' && !status.stalled
      if (isExecuting || starting.isUnderWay(review.id)) return { ...told, what: 'running' }
      if (!isAllowed('take', standingOf(review))) return { ...told, what: 'done' }
      await starting.submit(review, starters, guarded(review, status))
      return { ...told, what: 'started' }
    },
  }
}
