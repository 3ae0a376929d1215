import { counted } from '../jobs/counted.ts'
import { JOB_TYPES } from '../jobs/job.ts'
import type { Review } from '../store/reviews.ts'
import type { ActTable } from './acts.ts'
import { runWithout } from './control-run.ts'
import type { Change } from './review-desk.ts'
import { type Scene, refuse } from './scene.ts'
import { type Start, type Story, planStarts, send } from './story.ts'

const MOST_STARTS = 500

type How = Pick<Start, 'jobType'> & { readonly times: number; readonly waiting: number }
type FireActs = Pick<ActTable, 'fire' | 'review' | 'without'>

/** Starts jobs, with Holdfast and without. */
export function fireActs(scene: Scene): { readonly acts: FireActs; close(): Promise<void> } {
  const { members, reviews, source, watching, store, news, tail, folder } = scene
  const ending = new AbortController()
  let last: Story | undefined
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
    last = { work, starts: planStarts(jobType, starters, times, waiting) }
    watching.follow(work)
    send(last, members)
    const where = counted(Math.min(times, starters.length), 'instance')
    return `${counted(times, 'start')} of ${jobType} on ${where}, for the review of ${change.title}.`
  }
  const runControl = async (story: Story): Promise<void> => {
    const review = store.reviews.find(story.work.jobKey)
    if (review === undefined) return
    const id = `without-${(controls += 1)}`
    try {
      const { starts, tooMany } = await runWithout({ folder, id, review, story, signal: ending.signal })
      news.say('database', { type: 'control.ran', starts })
      tail.addControl(tooMany)
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
        if (last === undefined) refuse('Nothing was started yet. Fire a job first.')
        if (control !== undefined) refuse('A run without Holdfast goes on. Wait for its end.')
        control = runControl(last)
        return `${counted(last.starts.length, 'start')} of ${last.work.jobType} run without Holdfast, in the background.`
      },
    },
    async close() {
      ending.abort()
      await control
    },
  }
}
