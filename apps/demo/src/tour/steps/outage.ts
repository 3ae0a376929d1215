import { setTimeout as sleep } from 'node:timers/promises'
import { hostNow } from '../../clock.ts'
import { type Account, accountOf, lastSeen, ofType } from '../account.ts'
import type { Step } from '../step.ts'
import { secondsAtMost, timesInWords } from '../words.ts'
import { answersOfTheLiving } from './parts.ts'

/** It is what the step does, and waits for nothing. */
const OUTAGE_MS = 3_000
/** Its job has enough left to do. */
const STOP_AT_PERCENT = 20
/** A lease that was just renewed outlives the outage. */
const FRESH = 0.9
const NEW_STARTS = 2

/** Redis goes away while a job runs, and comes back. */
export const outage: Step = {
  title: 'Redis stops',
  needs: ['fire', 'stop-redis', 'start-redis'],
  before: () => 'Redis is stopped for three seconds.',
  async play({ until, events, act, fire }) {
    const work = await fire({ times: 1, waiting: 0 })
    const account = (): Account => accountOf(events(), work)
    const { executionId, leaseMs } = await until('The start of the job', () => account().attempts[0])
    await until('A job at work, with a lease that was just renewed', () => {
      const { percent = 0, leaseEndsAt = 0 } = lastSeen(events(), executionId) ?? {}
      return percent >= STOP_AT_PERCENT && leaseEndsAt - hostNow() >= FRESH * leaseMs
    })
    await act('stop-redis', {})
    const over = sleep(OUTAGE_MS)
    const refusedWork = await fire({ times: NEW_STARTS, waiting: 0 })
    const refused = (): Account => accountOf(events(), refusedWork)
    await until('The answers of the new starts', () => {
      const { calls } = refused()
      return calls.length === NEW_STARTS && answersOfTheLiving(refused())
    })
    await over
    await act('start-redis', {})
    await until('The row of the job’s end', () => account().ends.length > 0)
    await until('The answer of the start', () => answersOfTheLiving(account()))
    await until('Every machine’s way to Redis', () => {
      const last = new Map(ofType(events())('connection').map(({ instance, state }) => [instance, state]))
      return [...last.values()].every((state) => state === 'ready')
    })

    const { calls, begins: ranLater } = refused()
    // What is done already is answered at once, as it was before.
    await fire({ times: 1, waiting: 1, jobKey: work.jobKey })
    await until('The stored result', () => account().calls.length === 2 && answersOfTheLiving(account()))
    await fire({ times: 1, waiting: 1, jobKey: refusedWork.jobKey })
    await until('The row of its end when it is started again', () => refused().ends.length > 0)

    const { attempts, begins, ends } = account()
    const runs = refused().begins.length - ranLater.length
    const errors = calls.filter(({ answer }) => answer?.outcome === 'noRedis')
    const slowest = Math.max(...errors.map(({ answer }) => answer?.tookMs ?? 0))
    const kept =
      attempts.length === 1 ? 'kept its lease and finished' : `finished on attempt ${attempts.length}`
    const errored =
      errors.length === NEW_STARTS
        ? `New starts got a clear error within ${secondsAtMost(slowest)}`
        : `Of ${NEW_STARTS} new starts, ${errors.length} got a clear error`
    const later =
      ranLater.length === 0 ? 'nothing that was refused ran later' : `${ranLater.length} of them ran later`
    return {
      after: `The running job ${kept}. ${errored}, and ${later}. Started again, it ran ${timesInWords(runs)}.`,
      counted:
        `rows that the job inserted: ${begins.length} begin · ${ends.length} end · ` +
        `rows of the starts that were refused: ${ranLater.length}`,
    }
  },
}
