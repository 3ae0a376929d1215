import { Exit, exitCodes } from '../../exit.ts'
import { confirmed } from '../../output/confirm.ts'
import { print, printJson } from '../../output/io.ts'
import { counted, visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { withSession } from '../../session/session.ts'
import { type WhichLock, lockableOf, notHeld, usedLocks } from './lock-views.ts'

export interface RevokeOptions extends ConnectionOptions, WhichLock {
  readonly token?: string | undefined
  readonly yes?: boolean | undefined
}

/** `holdfast locks revoke NAME`. */
export async function revokeLock(
  name: string,
  { json = false, semaphore = false, token, yes, ...options }: RevokeOptions,
): Promise<number> {
  return await withSession(options, async (session) => {
    const locks = await usedLocks(session, name, { semaphore })
    const [lock] = locks
    if (lock === undefined) return await notHeld(session, name)
    if (locks.length > 1)
      throw new Exit(
        exitCodes.badUse,
        `There is a lock and a semaphore ${visible(name)}: --semaphore means the semaphore, and its tokens are in holdfast locks show. A lock is revoked with --token.`,
      )
    const losing = lock.holders.filter((holder) => token === undefined || holder.token === token)
    if (losing.length === 0)
      throw new Exit(exitCodes.findings, `No holder of ${visible(name)} has this token. Nothing was changed.`)
    const owners = losing.map(({ owner }) => visible(owner)).join(', ')
    await confirmed(
      `Take ${visible(name)} away from ${owners}? Their signals abort, and the next in line gets it.`,
      { yes },
    )
    const revoked = await lockableOf(session, lock.kind, name).revoke({ token })
    if (json) await printJson('locks revoke', { name, kind: lock.kind, revoked })
    else
      await print(
        revoked.length === 0
          ? `${visible(name)} was released meanwhile.`
          : `${visible(name)} was taken away from ${counted(revoked.length, 'holder')}: ${owners}.`,
      )
    return revoked.length === 0 ? exitCodes.findings : exitCodes.fine
  })
}
