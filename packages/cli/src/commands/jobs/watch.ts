import { exitCodes } from '../../exit.ts'
import { printJsonLine } from '../../output/io.ts'
import { live } from '../../output/live.ts'
import { coloured, visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { withSession } from '../../session/session.ts'
import { missingJob } from './find-job.ts'
import { jobText, stateOf } from './job-text.ts'

/** `holdfast jobs watch TYPE KEY`: every state until the end of the job, or Ctrl-C. */
export async function watchJob(
  type: string,
  key: string,
  { json = false, ...options }: ConnectionOptions,
): Promise<number> {
  return await withSession(
    options,
    async (session) =>
      await live(async ({ signal, show }) => {
        const { idempotency } = session.holdfast
        if ((await idempotency.getExecutionStatus(type, key)) === null) {
          const types = await idempotency.listJobTypes()
          if (!types.includes(type)) return await missingJob(session, type, key)
          if (!json) await show(`${coloured('bold', `${visible(type)} ${visible(key)}`)}: not started yet`)
        }
        let isFailed = false
        for await (const snapshot of idempotency.watch(type, key, { signal })) {
          if (json)
            await printJsonLine('jobs watch', { execution: { ...snapshot, state: stateOf(snapshot) } })
          else await show(jobText(snapshot))
          isFailed = snapshot.status === 'failed'
        }
        return isFailed ? exitCodes.findings : exitCodes.fine
      }),
    { reconnect: true },
  )
}
