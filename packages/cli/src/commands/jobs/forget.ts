import { exitCodes } from '../../exit.ts'
import { confirmed } from '../../output/confirm.ts'
import { print, printJson } from '../../output/io.ts'
import { visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { hasCode } from '../../session/has-code.ts'
import { withSession } from '../../session/session.ts'
import { findJob, missingJob } from './find-job.ts'
import { stateOf } from './job-text.ts'

/** `holdfast jobs forget TYPE KEY`: also what cannot be read. */
export async function forgetJob(
  type: string,
  key: string,
  { json = false, yes, ...options }: ConnectionOptions & { readonly yes?: boolean | undefined },
): Promise<number> {
  return await withSession(options, async (session) => {
    const state = await findJob(session, type, key).then(stateOf, (error: unknown) => {
      if (hasCode(error, 'RECORD_UNREADABLE')) return 'not readable by this version'
      throw error
    })
    const name = `${visible(type)} ${visible(key)}`
    const runs = state === 'executing' ? ' Its owner loses it, and cannot record its end.' : ''
    await confirmed(`${name} is ${state}. Remove its record, so that it may run again?${runs}`, { yes })
    if (!(await session.holdfast.idempotency.forget(type, key))) return await missingJob(session, type, key)
    if (json) await printJson('jobs forget', { jobType: type, jobKey: key, forgotten: true })
    else await print(`${name} is forgotten: its next start runs it.`)
    return exitCodes.fine
  })
}
