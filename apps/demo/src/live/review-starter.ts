import type { ManyOutcome } from '../events/snapshot.ts'
import { isAllowed, standingOf } from '../store/review-states.ts'
import { UnknownCommitError } from '../review/git-repository.ts'
import type { Review } from '../store/reviews.ts'
import type { Change } from './review-desk.ts'
import { type Scene, refuse } from './scene.ts'
import { type Starting, guarded } from './starting.ts'

/** What a caller has asked for, and its commits; or why there are none. */
export type Asked = { readonly range: string } & (
  | { readonly change: Change }
  /** `isUnknown`: it may be there later. */
  | { readonly problem: string; readonly isUnknown: boolean }
)

/** What became of it. */
export type Started = ManyOutcome & { readonly review: string }

/** Has a range reviewed unless that is done, or going on: asked for twice, it is reviewed once. */
export interface ReviewStarter {
  /** A commit stands for what it has changed; `a...b`, as in git, for what `b` has changed since it left `a`. */
  read(range: string): Promise<Asked>
  /** What cannot be reviewed becomes a review that is rejected, with the reason. */
  start(asked: Asked, starters: readonly string[]): Promise<Started>
}

export function reviewStarter({ source, reviews, store, ground }: Scene, starting: Starting): ReviewStarter {
  /** One that is there is not opened again, also when it is of an earlier time. */
  const opened = (asked: Asked): Review => {
    if ('change' in asked) return reviews.openOnce(asked.change)
    const { range, problem } = asked
    const nothing = { repository: source.path, ...commitsNamed(range), title: range, author: '' }
    const { id } = reviews.openOnce(nothing)
    store.life.refuse(id, problem)
    reviews.changed(id)
    return store.reviews.find(id) ?? refuse(`There is no review ${id}.`)
  }
  const changeOf = async (range: string): Promise<Change> => {
    const [since, tip] = range.split('...')
    if (since !== undefined && tip !== undefined) return await source.changeSince(since, tip)
    const [base, head = range] = range.includes('..') ? range.split('..') : [`${range}^`]
    return await source.change(base === '' ? undefined : base, head)
  }
  return {
    async read(range) {
      try {
        return { range, change: await changeOf(range) }
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error)
        return { range, problem, isUnknown: error instanceof UnknownCommitError }
      }
    },
    async start(asked, starters) {
      const review = opened(asked)
      const told = { range: asked.range, review: review.id, reason: null }
      if ('problem' in asked) return { ...told, what: 'refused', reason: asked.problem }
      const { idempotency } = ground.observer
      // While Redis is away its state is not known, and the start itself says so.
      const status = await idempotency.getExecutionStatus('ai-review', review.id).catch(() => null)
      const isExecuting = status?.status === 'executing' && !status.stalled
      if (isExecuting || starting.isUnderWay(review.id)) return { ...told, what: 'running' }
      if (!isAllowed('take', standingOf(review))) return { ...told, what: 'done' }
      starting.begin(review, starters, guarded(review, status))
      return { ...told, what: 'started' }
    },
  }
}

/** As they are written, whether there are such commits or not. */
export function commitsNamed(range: string): Pick<Change, 'baseCommit' | 'headCommit'> {
  const [baseCommit = range, headCommit = range] = range.split(/\.{2,3}/)
  return { baseCommit, headCommit }
}
