import { lengthInWords } from '../length-in-words.ts'
import type { Decided } from '../store/review-life.ts'
import { isAllowed, standingOf } from '../store/review-states.ts'
import type { Review } from '../store/reviews.ts'
import type { ActTable } from './acts.ts'
import { type Scene, refuse } from './scene.ts'
import { type Starting, guarded } from './starting.ts'

type ReviewActs = Pick<ActTable, 'decide' | 'review-again' | 'retry'>

/** The end was stamped by the clock of Redis, which is never exactly that of this process. */
const CLOCKS_MS = 100

/** What persons do to a review that is there. */
export function reviewActs(
  { store, reviews, news, ground, hangfire, windowMs }: Scene,
  starting: Starting,
): ReviewActs {
  const found = (id: string): Review => store.reviews.find(id) ?? refuse(`There is no review ${id}.`)
  const statusOf = (id: string) => ground.observer.idempotency.getExecutionStatus('ai-review', id)
  const settle = (id: string, decided: Decided): void => {
    // Also to the page whose act was refused: it sees what is there now.
    reviews.changed(id)
    if (decided.ok) return news.log('info', `Review ${reviews.nameOf(id)} is ${decided.state} now.`)
    if (decided.why === 'unknown') refuse(`There is no review ${id}.`)
    const now = `Review ${reviews.nameOf(id)} is ${decided.state} now`
    refuse(
      decided.why === 'changed'
        ? `Another person was faster. ${now}.`
        : `${now}, and that cannot be done to it.`,
    )
  }
  return {
    decide({ review, act, seen, reason }) {
      settle(review, store.life.decide({ reviewId: review, act, seen, reason }))
      return `Review ${reviews.nameOf(review)} is ${found(review).state}.`
    },
    async 'review-again'({ review: id, seen }) {
      const starters = starting.startersOf()
      const review = found(id)
      const last = await statusOf(id)
      if (last?.status === 'executing') {
        if (!last.stalled)
          refuse(`The last review by ${last.instance} has not ended yet. Try again in a moment.`)
        // Its process died when all was done, and before that was recorded.
        return await starting.submit(review, starters, guarded(review, last))
      }
      if (last?.status === 'completed' && last.endTime !== null) {
        const leftMs = windowMs + CLOCKS_MS - (Date.now() - last.endTime.getTime())
        if (leftMs > 0)
          refuse(
            `It was reviewed at ${last.endTime.toISOString().slice(11, 19)} UTC, and that result counts for ${lengthInWords(leftMs)} more.`,
          )
      }
      settle(id, store.life.decide({ reviewId: id, act: 'again', seen }))
      return await starting.submit(found(id), starters, guarded(found(id), last))
    },
    async retry({ review: id }) {
      const starters = starting.startersOf()
      const review = found(id)
      if (!isAllowed('take', standingOf(review)))
        refuse(`Review ${reviews.nameOf(id)} is ${review.state}: there is nothing to try again.`)
      const last = await statusOf(id)
      if (last?.status === 'executing' && !last.stalled)
        refuse(`Review ${reviews.nameOf(id)} is being reviewed by ${last.instance}.`)
      if (last?.status !== 'executing' && hangfire?.isUnderWay(id) === true)
        refuse(`Review ${reviews.nameOf(id)} is in the queue of Hangfire already.`)
      return await starting.submit(review, starters, guarded(review, last))
    },
  }
}
