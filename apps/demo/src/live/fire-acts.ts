import { counted } from '../counted.ts'
import { JOB_TYPES } from '../jobs/job.ts'
import type { Review } from '../store/reviews.ts'
import type { ActTable } from './acts.ts'
import { type ControlResult, type ControlStory, runWithout } from './control-run.ts'
import type { Change } from './review-desk.ts'
import { type Scene, refuse } from './scene.ts'
import { type Start, planStarts, send } from './story.ts'

const MOST_STARTS = 500
/** That wait for their control run; older ones get none. */
const MOST_STORIES = 20

type How = Pick<Start, 'jobType'> & { readonly times: number; readonly waiting: number }
type FireActs = Pick<ActTable, 'fire' | 'review' | 'without'>

/** Starts jobs, with Holdfast and without. */
export function fireActs(scene: Scene): { readonly acts: FireActs; close(): Promise<void> } {
  const { members, reviews, source, watching, store, news, tail, folder } = scene
  const ending = new AbortController()
  /** Without a control run so far. */
  let untold: ControlStory[] = []
  let control: Promise<void> | undefined
  let controls = 0

  /** Instances that can start something: all that are up, or those of them that are named, in that order. */
  const startersOf = (named: readonly string[] | undefined): readonly string[] => {
    const names = members.map(({ name }) => name)
    for (const name of named ?? []) if (!names.includes(name)) refuse(`There is no ${name}.`)
    const isUp = new Set(members.filter((member) => member.state().state === 'up').map(({ name }) => name))
    const starters = (named ?? names).filter((name) => isUp.has(name))
    return starters.length > 0 ? starters : refuse('No instance is up. Start one, or thaw one.')
  }
  const begin = (change: Change | Review, starters: readonly string[], how: How): string => {
    const { jobType, times, waiting } = how
    const review = 'id' in change ? change : reviews.open(change)
    const work = { jobType, jobKey: review.id }
    const story = { work, review, starts: planStarts(jobType, starters, times, waiting) }
    untold = [...untold, story].slice(-MOST_STORIES)
    watching.follow(work)
    send(story, members)
    const where = counted(Math.min(times, starters.length), 'instance')
    return `${counted(times, 'start')} of ${jobType} on ${where}, for the review of ${change.title}.`
  }
  const runControl = async (stories: readonly ControlStory[]): Promise<void> => {
    const id = `without-${(controls += 1)}`
    const onRan = ({ starts, tooMany }: ControlResult): void => {
      news.say('database', { type: 'control.ran', starts })
      tail.addControl(tooMany)
    }
    try {
      await runWithout({ folder, id, stories, signal: ending.signal, onRan })
    } catch (error) {
      if (!ending.signal.aborted) news.log('error', `The run without Holdfast failed: ${String(error)}`)
    } finally {
      control = undefined
    }
  }

  return {
    acts: {
      fire({ times, waiting, jobType = 'ai-review', jobKey, instances }) {
        if (!Number.isInteger(times) || times < 1 || times > MOST_STARTS)
          refuse(`Say how many starts: 1 to ${MOST_STARTS}.`)
        if (!Number.isInteger(waiting) || waiting < 0 || waiting > times)
          refuse(`Say how many of the starts wait: 0 to ${times}.`)
        if (!JOB_TYPES.includes(jobType))
          refuse(`There is no job ${jobType}. There are ${JOB_TYPES.join(', ')}.`)
        const review = jobKey === undefined ? source.usual : store.reviews.find(jobKey)
        if (review === undefined) refuse(`There is no review ${jobKey}.`)
        return begin(review, startersOf(instances), { jobType, times, waiting })
      },
      async review({ base, head }) {
        const change = await source.change(base, head)
        const starters = startersOf(undefined)
        return begin(change, starters, { jobType: 'ai-review', times: starters.length, waiting: 0 })
      },
      without() {
        if (control !== undefined) refuse('A run without Holdfast goes on. Wait for its end.')
        if (untold.length === 0) refuse('No start is without its control run. Fire a job first.')
        const stories = untold
        untold = []
        control = runControl(stories)
        const starts = stories.reduce((sum, story) => sum + story.starts.length, 0)
        return `${counted(starts, 'start')} run without Holdfast, in the background.`
      },
    },
    async close() {
      ending.abort()
      await control
    },
  }
}
