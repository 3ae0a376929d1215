import { Exit, exitCodes } from '../../exit.ts'
import { confirmed } from '../../output/confirm.ts'
import { print, printJson } from '../../output/io.ts'
import { visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { withSession } from '../../session/session.ts'
import { findJob } from './find-job.ts'
import { type State, stateOf } from './job-text.ts'

export interface CancelOptions extends ConnectionOptions {
  readonly reason?: string | undefined
  readonly yes?: boolean | undefined
}

/** Only an owner that writes hears of it now; a request belongs to the job until that ends. */
function whenItStops(state: State): string {
  if (state === 'executing')
    return 'Its owner hears of it with its next write; holdfast jobs watch shows when it has ended.'
  const now = state === 'stalled' ? 'Its owner is silent' : 'No process runs it now'
  return `${now}: the signal of its next start is aborted as it begins. To have it run afresh instead: holdfast jobs forget.`
}

/** `holdfast jobs cancel TYPE KEY`. */
export async function cancelJob(
  type: string,
  key: string,
  { json = false, reason, yes, ...options }: CancelOptions,
): Promise<number> {
  return await withSession(options, async (session) => {
    const snapshot = await findJob(session, type, key)
    const name = `${visible(type)} ${visible(key)}`
    const over = (state: string): never => {
      throw new Exit(
        exitCodes.findings,
        `${name} is ${state}: there is nothing to cancel. Nothing was changed.`,
      )
    }
    const state = stateOf(snapshot)
    if (state === 'completed' || state === 'failed') over(state)
    const on = snapshot.instance === null ? '' : ` on ${visible(snapshot.instance)}`
    await confirmed(`Ask ${name}${on} to stop? Its signal aborts, and it is not started again.`, { yes })
    const asked = await session.holdfast.idempotency.requestCancel(type, key, {
      reason: reason ?? 'Cancelled by an operator.',
    })
    if (!asked) over('over')
    if (json) await printJson('jobs cancel', { jobType: type, jobKey: key, asked })
    else await print(`${name} was asked to stop. ${whenItStops(state)}`)
    return exitCodes.fine
  })
}
