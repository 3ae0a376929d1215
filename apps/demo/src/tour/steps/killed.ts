import { type Account, accountOf, lastSeen, ofType } from '../account.ts'
import { type Step, Missed } from '../step.ts'
import { seconds, timesInWords } from '../words.ts'
import { answersOfTheLiving, fireFromAll } from './parts.ts'

/** Its middle: half of the steps are saved. */
const KILL_AT_PERCENT = 60

/** The owner of a job is killed; another goes on. */
export const killed: Step = {
  title: 'One is killed',
  needs: ['fire', 'kill', 'start'],
  before: () => 'A machine is killed in the middle of a review.',
  async play(scene) {
    const { until, events, say, act } = scene
    const work = await fireFromAll(scene)
    const account = (): Account => accountOf(events(), work)
    const { executionId, source: victim } = await until('The start of the job', () => account().attempts[0])
    say(`${victim} is killed in the middle of a review.`)
    await until(
      'The middle of the job',
      () => (lastSeen(events(), executionId)?.percent ?? 0) >= KILL_AT_PERCENT,
    )
    await act('kill', { instance: victim })
    const killedAt = await until('The end of the process', () =>
      ofType(events())('instance.killed').find(({ instance }) => instance === victim),
    )
    const second = await until('Another machine that takes over', () => account().attempts[1])
    await until('The row of the job’s end', () => account().ends.length > 0)
    await until('The answers of the starts', () => answersOfTheLiving(account(), [victim]))

    const { begins, ends, saved, calls } = account()
    if (second.takenOverFromInstance !== victim)
      throw new Missed(`${second.source} did not take over from ${victim}.`)
    const hadWaited = calls.some(
      ({ instance, waiting }) => instance === second.source && waiting !== undefined,
    )
    const findings = saved.filter(({ effect }) => effect === 'findings').length
    return {
      after:
        `Its lease ran out after ${seconds(second.at - killedAt.at)}. ` +
        `${second.source}${hadWaited ? ', which had waited,' : ''} took over and went on from ` +
        `${second.fromPercent} %, the last step that was saved.`,
      counted: `rows that the job inserted: ${begins.length} begin · ${ends.length} end · findings saved ${timesInWords(findings)}`,
    }
  },
}
