import { counted } from '../counted.ts'
import type { ManyOutcome } from '../events/snapshot.ts'
import { isAllowed, standingOf } from '../store/review-states.ts'
import type { Review } from '../store/reviews.ts'
import type { ActTable } from './acts.ts'
import type { Change } from './review-desk.ts'
import { type Scene, refuse } from './scene.ts'
import { GUARDED, type Starting } from './starting.ts'

/** More at once say no more, and a laptop feels them. */
const MOST_REVIEWS = 30

/** What somebody has asked for, and its commits; or why there are none. */
type Asked = { readonly range: string } & ({ readonly change: Change } | { readonly problem: string })

/**
 * Has many ranges reviewed, by one guarded job each. It can be asked for again at any time: what is reviewed already, or just now, is
 * left alone, and what was left undone is started. So nothing is lost when a part of it fails.
 */
export function manyReviews(
  { source, reviews, store, ground }: Scene,
  starting: Starting,
): Pick<ActTable, 'review-many'> {
  const readChange = async (range: string): Promise<Asked> => {
    const [base, head = range] = range.includes('..') ? range.split('..') : [`${range}^`]
    try {
      return { range, change: await source.change(base, head) }
    } catch (error) {
      return { range, problem: error instanceof Error ? error.message : String(error) }
    }
  }
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
  const start = async (asked: Asked, starters: readonly string[]): Promise<ManyOutcome> => {
    const review = opened(asked)
    const told = { range: asked.range, review: review.id, reason: null }
    if ('problem' in asked) return { ...told, what: 'refused', reason: asked.problem }
    const status = await ground.observer.idempotency
      .getExecutionStatus('ai-review', review.id)
      .catch(() => null)
    const isExecuting = status?.status === 'executing' && !status.stalled
    if (isExecuting || starting.isUnderWay(review.id)) return { ...told, what: 'running' }
    if (!isAllowed('take', standingOf(review))) return { ...told, what: 'done' }
    starting.begin(review, starters, GUARDED)
    return { ...told, what: 'started' }
  }
  return {
    async 'review-many'({ ranges, each = false }) {
      const asked = each
        ? (
            await Promise.all(ranges.map(async (range) => await source.commitsIn(range).catch(() => [range])))
          ).flat()
        : ranges
      if (asked.length > MOST_REVIEWS)
        refuse(`These are ${asked.length} reviews. At most ${MOST_REVIEWS} are started at once.`)
      const up = starting.startersOf()
      const outcomes: ManyOutcome[] = []
      for (const [index, range] of [...new Set(asked)].entries()) {
        // Each begins on another instance.
        const turn = index % up.length
        outcomes.push(await start(await readChange(range), [...up.slice(turn), ...up.slice(0, turn)]))
      }
      return { message: inWords(outcomes), reviews: outcomes }
    },
  }
}

const WORDS: Readonly<Record<ManyOutcome['what'], string>> = {
  started: 'started',
  running: 'running already',
  done: 'done already',
  refused: 'cannot be reviewed',
}

/** `5 reviews: 3 started, 1 running already, 1 done already` */
function inWords(outcomes: readonly ManyOutcome[]): string {
  const counts = Object.entries(WORDS).flatMap(([what, words]) => {
    const count = outcomes.filter((outcome) => outcome.what === what).length
    return count === 0 ? [] : [`${count} ${words}`]
  })
  return `${counted(outcomes.length, 'review')}: ${counts.join(', ')}.`
}
