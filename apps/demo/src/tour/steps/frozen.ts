import { type Account, accountOf, lastSeen, rankOf } from '../account.ts'
import { type Step, Missed } from '../step.ts'
import { answersOfTheLiving, fireFromAll } from './parts.ts'

/** Before it saves what it found. */
const FREEZE_AT_PERCENT = 60

/** The owner of a job stands still, is taken for dead, and wakes up. */
export const frozen: Step = {
  title: 'One is frozen, then wakes',
  needs: ['fire', 'freeze', 'thaw'],
  before: () => 'A machine is frozen while it works, and wakes up too late.',
  async play(scene) {
    const { until, events, say, act } = scene
    const work = await fireFromAll(scene)
    const account = (): Account => accountOf(events(), work)
    const { executionId, source: victim } = await until('The start of the job', () => account().attempts[0])
    say(`${victim} is frozen while it works, and wakes up too late.`)
    await until(
      'The middle of the job',
      () => (lastSeen(events(), executionId)?.percent ?? 0) >= FREEZE_AT_PERCENT,
    )
    await act('freeze', { instance: victim })
    const second = await until('Another machine that takes over', () => account().attempts[1])
    await until('The row of the job’s end', () => account().ends.length > 0)
    await act('thaw', { instance: victim })
    const late = await until('The late write', () =>
      account().refused.find(({ instance }) => instance === victim),
    )
    await until('The answers of the starts', () => answersOfTheLiving(account()))

    const known = account()
    const { begins, ends, refused } = known
    if (second.takenOverFromInstance !== victim)
      throw new Missed(`${second.source} did not take over from ${victim}.`)
    return {
      after:
        `${second.source} had taken over. When ${victim} woke and tried to save, the database refused it: ` +
        `fence ${rankOf(known, late.fencingToken)} is older than fence ${rankOf(known, late.newestToken)}.`,
      counted:
        `rows that the job inserted: ${begins.length} begin · ${ends.length} end · ` +
        `${refused.length} ${refused.length === 1 ? 'write' : 'writes'} refused`,
    }
  },
}
