import type { CacheNews, Work } from '../../events/page-event.ts'
import { type Account, accountOf, callsIn, ofType } from '../account.ts'
import type { Scene, Step } from '../step.ts'
import { inWords, listed, timesInWords } from '../words.ts'
import { answersOfTheLiving } from './parts.ts'

const NAMESPACE = 'analysis'

/** Instances say once a second what their caches did; what they have not said by then, they say before the next try begins. */
const SAMPLES_MS = 2_500

/**
 * On a machine that has too much to do, Redis may answer later than a cache waits. Then an instance computes for itself what it
 * could have had, and the step shows it once more with another review.
 */
const MOST_TRIES = 4

/** Machines that need the same thing at the same time, and a report whose parts are done. */
export const shared: Step = {
  title: 'Shared work',
  needs: ['fire', 'clear-cache'],
  before: ({ instances }) => {
    const up = instances.filter(({ state }) => state === 'up').length
    const where = up === 1 ? 'on one machine' : up === 2 ? 'on two machines' : 'each on its own machine'
    return `Three jobs, ${where}, need the same analysis of the same diff.`
  },
  async play(scene) {
    const names = scene
      .state()
      .instances.flatMap((instance) => (instance.state === 'up' ? [instance.name] : []))
    let tried = await share(scene, names)
    for (let tries = 1; tries < MOST_TRIES && isSpoilt(tried); tries += 1) {
      scene.say(`${whySpoilt(tried)} Once more, with another review.`)
      await scene.pause(SAMPLES_MS)
      scene.say(shared.before(scene.state()))
      tried = await share(scene, names)
    }
    const { loads, loaded, alone } = tried
    const computed =
      loaded === 1
        ? `${listed(loads.map(({ instance }) => instance))} computed it, the others got its answer.`
        : `It was computed ${loaded} times${alone.size === 0 ? '' : `: the cache of ${listed([...alone])} did not ask Redis`}.`
    return {
      after: `${computed} ${await report(scene, tried)}`,
      counted: `loads counted in the reviewer: ${loaded}`,
    }
  },
}

function isSpoilt({ loaded, alone }: Tried): boolean {
  return loaded !== 1 || alone.size > 0
}

function whySpoilt({ loaded, alone }: Tried): string {
  return alone.size > 0
    ? `Redis answered the cache of ${listed([...alone])} too late, so it computed for itself.`
    : `It took so long that not all waited for it: it was computed ${timesInWords(loaded)}.`
}

interface Tried {
  readonly works: readonly Work[]
  /** Of instances that computed it. */
  readonly loads: readonly CacheNews[]
  readonly loaded: number
  /** Instances whose caches went on without Redis. */
  readonly alone: ReadonlySet<string>
}

/** Three jobs of one review at the same time, each on the next machine. */
async function share({ until, events, act, fire, about }: Scene, names: readonly string[]): Promise<Tried> {
  await act('clear-cache', { namespace: NAMESPACE })
  const heard = events().length
  const one = { times: 1, waiting: 1 } as const
  const on = (place: number): readonly string[] => [names[place % names.length] ?? '']
  const first = await fire({ ...one, jobType: 'risk-assessment', instances: on(0) })
  about(first)
  const { jobKey } = first
  const works: readonly Work[] = [
    first,
    await fire({ ...one, jobType: 'improvement-suggestions', jobKey, instances: on(1) }),
    await fire({ ...one, jobType: 'ai-review', jobKey, instances: on(2) }),
  ]
  const accounts = (): readonly Account[] => works.map((work) => accountOf(events(), work))
  await until('The rows of the jobs’ ends', () => accounts().every(({ ends }) => ends.length > 0))
  await until('The answers of the starts', () => accounts().every((account) => answersOfTheLiving(account)))
  const reads = await until('The counts of the caches', () => {
    const counted = ofType(events().slice(heard))('cache.sample').filter(
      ({ namespace }) => namespace === NAMESPACE,
    )
    const asked = new Set(counted.map(({ instance }) => instance))
    const isLoaded = counted.some(({ loaded }) => loaded > 0)
    return isLoaded && asked.size >= Math.min(names.length, works.length) && counted
  })
  const loads = reads.filter(({ loaded }) => loaded > 0)
  return {
    works,
    loads,
    loaded: loads.reduce((sum, sample) => sum + sample.loaded, 0),
    alone: new Set(reads.filter(({ bypassed }) => bypassed > 0).map(({ instance }) => instance)),
  }
}

/** The full report of the same review, whose parts are done. */
async function report({ until, events, act, fire }: Scene, { works }: Tried): Promise<string> {
  const { jobKey = '' } = works[0] ?? {}
  const whole = await fire({ times: 1, waiting: 1, jobType: 'comprehensive-analysis', jobKey })
  await until('The row of the report’s end', () => accountOf(events(), whole).ends.length > 0)
  await act('clear-cache', { namespace: NAMESPACE })

  const reports = new Set(accountOf(events(), whole).attempts.map(({ executionId }) => executionId))
  const parts = callsIn(events()).filter(({ asked }) => reports.has(asked.parentExecutionId ?? ''))
  const again = works.filter((work) => accountOf(events(), work).begins.length > 1)
  const done = parts.filter(({ answer }) => answer?.outcome === 'stored' || answer?.outcome === 'waited')
  return again.length === 0
    ? `Of the full report, ${inWords(done.length)} of ${inWords(parts.length)} parts were done already and were not done again.`
    : `Of the full report, ${inWords(again.length)} were done again.`
}
