import type { ManyOutcome } from '../events/snapshot.ts'
import { isAllowed, standingOf } from '../store/review-states.ts'
import type { Review } from '../store/reviews.ts'
import type { Change } from './review-desk.ts'
import { type Scene, refuse } from './scene.ts'
import { GUARDED, type Starting } from './starting.ts'

/** What somebody has asked for, and its commits; or why there are none. */
export type Asked = { readonly range: string } & ({ readonly change: Change } | { readonly problem: string })

/** Has a range reviewed unless that is done, or going on: asked for twice, it is reviewed once. */
export interface ReviewStarter {
  /** A commit stands for what it has changed. */
  read(range: string): Promise<Asked>
  /** What cannot be reviewed becomes a review that is rejected, with the reason. */
  start(asked: Asked, starters: readonly string[]): Promise<ManyOutcome>
}

export function reviewStarter({ source, reviews, store, ground }: Scene, starting: Starting): ReviewStarter {
  /** One that is there is not opened again, also when it is of an earlier time. */
  const opened = (asked: Asked): Review => {
    if ('change' in asked) return reviews.openOnce(asked.change)
    const { range, problem } = asked
    const [baseCommit = range, headCommit = range] = range.split('..')
    const nothing = { repository: source.path, baseCommit, headCommit, title: range, author: '' }
    const { id } = reviews.openOnce(nothing)
    store.life.refuse(id, problem)
    reviews.changed(id)
    return store.reviews.find(id) ?? refuse(`There is no review ${id}.`)
  }
  return {
    async read(range) {
      const [base, head = range] = range.includes('..') ? range.split('..') : [`${range}^`]
      try {
        return { range, change: await source.change(base === '' ? undefined : base, head) }
      } catch (error) {
        return { range, problem: error instanceof Error ? error.message : String(error) }
      }
    },
    async start(asked, starters) {
      const review = opened(asked)
      const told = { range: asked.range, review: review.id, reason: null }
      if ('problem' in asked) return { ...told, what: 'refused', reason: asked.problem }
      const { idempotency } = ground.observer
      // While Redis is away nobody knows, and the start itself says so.
      const status = await idempotency.getExecutionStatus('ai-review', review.id).catch(() => null)
      const isExecuting = status?.status === 'executing' && !status.stalled
      if (isExecuting || starting.isUnderWay(review.id)) return { ...told, what: 'running' }
      if (!isAllowed('take', standingOf(review))) return { ...told, what: 'done' }
      starting.begin(review, starters, GUARDED)
      return { ...told, what: 'started' }
    },
  }
}
