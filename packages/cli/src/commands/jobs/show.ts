import { exitCodes } from '../../exit.ts'
import { print, printJson } from '../../output/io.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { withSession } from '../../session/session.ts'
import { missingJob } from './find-job.ts'
import { jobText, stateOf } from './job-text.ts'

/** `holdfast jobs show TYPE KEY`. */
export async function showJob(
  type: string,
  key: string,
  { json = false, ...options }: ConnectionOptions,
): Promise<number> {
  return await withSession(options, async (session) => {
    const snapshot = await session.holdfast.idempotency.getExecutionStatus(type, key)
    if (snapshot === null) {
      if (json) await printJson('jobs show', { execution: null })
      return await missingJob(session, type, key)
    }
    if (json) await printJson('jobs show', { execution: { ...snapshot, state: stateOf(snapshot) } })
    else await print(jobText(snapshot))
    return exitCodes.fine
  })
}
