import type { CallOutcome } from '../../events/page-event.ts'
import type { WorldState } from '../../events/snapshot.ts'
import { type Account, accountOf } from '../account.ts'
import type { Step } from '../step.ts'
import { inWords, listed, sentence } from '../words.ts'

const TIMES = 15
const WAITING = 2

/** Fifteen starts of one job at one moment. */
export const once: Step = {
  title: 'Fifteen at once',
  needs: ['fire'],
  before: (state) => `Fifteen copies of one job start in the same instant, ${shares(state)}.`,
  async play({ fire, until, events, act }) {
    const work = await fire({ times: TIMES, waiting: WAITING })
    const account = (): Account => accountOf(events(), work)
    await until('The answers of all fifteen starts', () => {
      const { calls } = account()
      return calls.length === TIMES && calls.every(({ answer }) => answer !== undefined)
    })
    await until('The row of the job’s end', () => account().ends.length > 0)
    // The same starts without Holdfast, in the background: the page shows what they come to beside these. Where they cannot be
    // made, the story is no less true.
    await act('without', {}).catch(() => undefined)
    const { calls, begins, ends } = account()
    const got = (...outcomes: readonly CallOutcome[]): number =>
      calls.filter(({ answer }) => answer !== undefined && outcomes.includes(answer.outcome)).length
    const where = `, on ${listed([...new Set(begins.map(({ instance }) => instance))])}`
    return {
      after: [
        sentence(begins.length, `ran${where}`, `ran${where}`),
        sentence(got('turnedAway'), 'was turned away', 'were turned away'),
        sentence(got('waited', 'stored'), 'waited and got its result', 'waited and got its result'),
        sentence(got('noRedis'), 'found no Redis', 'found no Redis'),
        sentence(got('failed', 'tooLate'), 'failed', 'failed'),
      ]
        .filter(Boolean)
        .join(' '),
      counted: `rows that the job inserted: ${begins.length} begin · ${ends.length} end`,
    }
  },
}

function shares({ instances }: WorldState): string {
  const up = instances.filter(({ state }) => state === 'up').length
  if (up === 1) return 'all on one machine'
  return TIMES % up === 0 ? `${inWords(TIMES / up)} on each machine` : `on ${inWords(up)} machines`
}
