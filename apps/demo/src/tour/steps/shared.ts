import type { Work } from '../../events/page-event.ts'
import { type Account, accountOf, callsIn, ofType } from '../account.ts'
import type { Step } from '../step.ts'
import { inWords, listed } from '../words.ts'
import { answersOfTheLiving } from './parts.ts'

const NAMESPACE = 'analysis'

/** Machines that need the same thing at the same time, and a report whose parts are done. */
export const shared: Step = {
  title: 'Shared work',
  needs: ['fire', 'clear-cache'],
  before: ({ instances }) => {
    const up = instances.filter(({ state }) => state === 'up').length
    const where = up === 1 ? 'on one machine' : up === 2 ? 'on two machines' : 'each on its own machine'
    return `Three jobs, ${where}, need the same analysis of the same diff.`
  },
  async play({ state, until, events, act, fire }) {
    const names = state().instances.flatMap((instance) => (instance.state === 'up' ? [instance.name] : []))
    await act('clear-cache', { namespace: NAMESPACE })
    const one = { times: 1, waiting: 1 } as const
    const on = (place: number): readonly string[] => [names[place % names.length] ?? '']
    const first = await fire({ ...one, jobType: 'risk-assessment', instances: on(0) })
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
      const counted = ofType(events())('cache.sample').filter(({ namespace }) => namespace === NAMESPACE)
      const asked = new Set(counted.map(({ instance }) => instance))
      return asked.size >= Math.min(names.length, works.length) && counted
    })

    const report = await fire({ ...one, jobType: 'comprehensive-analysis', jobKey })
    await until('The row of the report’s end', () => accountOf(events(), report).ends.length > 0)
    await act('clear-cache', { namespace: NAMESPACE })

    const loads = reads.filter(({ loaded }) => loaded > 0)
    const loaded = loads.reduce((sum, sample) => sum + sample.loaded, 0)
    const reports = new Set(accountOf(events(), report).attempts.map(({ executionId }) => executionId))
    const parts = callsIn(events()).filter(({ asked }) => reports.has(asked.parentExecutionId ?? ''))
    const again = works.filter((work) => accountOf(events(), work).begins.length > 1)
    const done = parts.filter(({ answer }) => answer?.outcome === 'stored' || answer?.outcome === 'waited')
    const alone = new Set(reads.filter(({ bypassed }) => bypassed > 0).map(({ instance }) => instance))
    const computed =
      loaded === 1
        ? `${listed(loads.map(({ instance }) => instance))} computed it, the others got its answer.`
        : `It was computed ${loaded} times${alone.size === 0 ? '' : `: the cache of ${listed([...alone])} did not ask Redis`}.`
    const reused =
      again.length === 0
        ? `Of the full report, ${inWords(done.length)} of ${inWords(parts.length)} parts were done already and were not done again.`
        : `Of the full report, ${inWords(again.length)} were done again.`
    return { after: `${computed} ${reused}`, counted: `loads counted in the reviewer: ${loaded}` }
  },
}
