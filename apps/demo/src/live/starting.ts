import type { ExecutionSnapshot } from '@holdfast/core'
import { counted } from '../counted.ts'
import { standingOf } from '../store/review-states.ts'
import type { Review } from '../store/reviews.ts'
import type { ControlStory } from './control-run.ts'
import { type Scene, refuse } from './scene.ts'
import { type Start, type StartPlan, planStarts, send } from './story.ts'

/** That wait for their control run; older ones get none. */
const MOST_STORIES = 20

export interface How extends Pick<Start, 'jobType'> {
  readonly times: number
  readonly waiting: number
  /** Absent: every start. */
  readonly reruns?: StartPlan['reruns']
}

/**
 * Two starts, one of which stands by, whichever comes second: it takes over when the instance of the other dies. A failure of the
 * other is its answer.
 */
const GUARDED: How = { jobType: 'ai-review', times: 2, waiting: 2, reruns: 'none' }

/** The same of a job that has failed: one start runs it again, and the other follows when that one has begun. */
const GUARDED_AGAIN: How = { ...GUARDED, reruns: 'first' }

/** How a review is started. @param last the last execution of its job */
export function guarded(review: Review, last: Pick<ExecutionSnapshot, 'status'> | null): How {
  return last?.status === 'failed' || standingOf(review) === 'Failed' ? GUARDED_AGAIN : GUARDED
}

/** Starts jobs on instances, and remembers what has no control run yet. */
export interface Starting {
  /** Instances that can start something: all that are up, or those of them that are named, in that order. */
  startersOf(named?: readonly string[]): readonly string[]
  /** Says what was started, and where. */
  begin(review: Review, starters: readonly string[], how: How): string
  /** Of a review as people ask for it: through Hangfire, where there is one. Says what was started. */
  submit(review: Review, starters: readonly string[], how: How): Promise<string>
  /** It was started just now, and no instance has answered; or it is in Hangfire, and has not ended there. */
  isUnderWay(reviewId: string): boolean
  untold(): number
  /** Those that have no control run yet; the caller makes one of them. */
  takeUntold(): readonly ControlStory[]
}

/** An instance that has not said a word in this time says none. */
const SILENT_MS = 5_000

export function createStarting({
  members,
  watching,
  news,
  store,
  hangfire,
}: Pick<Scene, 'members' | 'watching' | 'news' | 'store' | 'hangfire'>): Starting {
  let untold: ControlStory[] = []
  /** When each review was started last that has no answer yet. */
  const begun = new Map<string, { readonly at: number; readonly callIds: ReadonlySet<string> }>()
  news.note((event) => {
    if (event.type !== 'call.answered') return
    for (const [id, { callIds }] of begun) if (callIds.has(event.callId)) begun.delete(id)
  })
  /** Starts that follow when the call of this id has begun to run. */
  const following = new Map<string, () => void>()
  news.note((event) => {
    if (event.type !== 'attempt.started' && event.type !== 'call.answered') return
    const follow = following.get(event.callId ?? '')
    if (follow === undefined) return
    following.delete(event.callId ?? '')
    if (event.type === 'attempt.started') follow()
  })
  const begin: Starting['begin'] = (review, starters, { jobType, times, waiting, reruns = 'all' }) => {
    if (!store.reviews.use(review.id)) refuse(`The review of ${review.title} was removed just now.`)
    const work = { jobType, jobKey: review.id }
    const story = {
      work,
      review,
      starts: planStarts({ jobType, instances: starters, times, waiting, reruns }),
    }
    untold = [...untold, story].slice(-MOST_STORIES)
    begun.set(review.id, { at: Date.now(), callIds: new Set(story.starts.map(({ callId }) => callId)) })
    watching.follow(work)
    const [first, ...others] = story.starts
    if (reruns === 'first' && first !== undefined) {
      // Before that, a start that runs nothing again would get the old failure.
      following.set(first.callId, () => send({ work, starts: others }, members))
      send({ work, starts: [first] }, members)
    } else send(story, members)
    const where = counted(Math.min(times, starters.length), 'instance')
    return `${counted(times, 'start')} of ${jobType} on ${where}, for the review of ${review.title}.`
  }
  return {
    startersOf(named) {
      const names = members.map(({ name }) => name)
      for (const name of named ?? []) if (!names.includes(name)) refuse(`There is no ${name}.`)
      const isUp = new Set(members.filter((member) => member.state().state === 'up').map(({ name }) => name))
      const starters = (named ?? names).filter((name) => isUp.has(name))
      return starters.length > 0 ? starters : refuse('No instance is up. Start one, or thaw one.')
    },
    begin,
    submit: async (review, starters, how) =>
      hangfire === undefined ? begin(review, starters, how) : await hangfire.submit(review),
    isUnderWay: (reviewId) =>
      (begun.get(reviewId)?.at ?? 0) > Date.now() - SILENT_MS || hangfire?.isUnderWay(reviewId) === true,
    untold: () => untold.length,
    takeUntold() {
      const stories = untold
      untold = []
      return stories
    },
  }
}
