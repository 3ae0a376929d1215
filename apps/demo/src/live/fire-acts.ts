import { counted } from '../counted.ts'
import type { ActTable } from './acts.ts'
import { type ControlResult, type ControlStory, runWithout } from './control-run.ts'
import { type Scene, refuse } from './scene.ts'
import type { Starting } from './starting.ts'

type FireActs = Pick<ActTable, 'fire' | 'review' | 'without'>

/** Starts jobs, with Holdfast and without. */
export function fireActs(
  scene: Scene,
  starting: Starting,
): { readonly acts: FireActs; close(): Promise<void> } {
  const { reviews, source, store, news, tail, folder } = scene
  const ending = new AbortController()
  let control: Promise<void> | undefined
  let controls = 0

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
        const known = jobKey === undefined ? undefined : store.reviews.find(jobKey)
        if (jobKey !== undefined && known === undefined) refuse(`There is no review ${jobKey}.`)
        const starters = starting.startersOf(instances)
        return starting.begin(known ?? reviews.open(source.usual), starters, { jobType, times, waiting })
      },
      async review({ base, head }) {
        const change = await source.change(base, head)
        const starters = starting.startersOf()
        return await starting.submit(reviews.open(change), starters, {
          jobType: 'ai-review',
          times: starters.length,
          waiting: 0,
        })
      },
      without() {
        if (control !== undefined) refuse('A run without Holdfast goes on. Wait for its end.')
        if (starting.untold() === 0) refuse('No start is without its control run. Fire a job first.')
        const stories = starting.takeUntold()
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
