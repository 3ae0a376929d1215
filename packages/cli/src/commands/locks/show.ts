import { exitCodes } from '../../exit.ts'
import { print, printJson } from '../../output/io.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { withSession } from '../../session/session.ts'
import { lockText } from './lock-text.ts'
import { type WhichLock, lockJson, notHeld, usedLocks } from './lock-views.ts'

/** `holdfast locks show NAME`. */
export async function showLock(
  name: string,
  { json = false, semaphore = false, ...options }: ConnectionOptions & WhichLock,
): Promise<number> {
  return await withSession(options, async (session) => {
    const locks = await usedLocks(session, name, { semaphore })
    if (json) await printJson('locks show', { locks: locks.map(lockJson) })
    else if (locks.length === 0) return await notHeld(session, name)
    else await print(locks.map(lockText).join('\n\n'))
    return locks.length === 0 ? exitCodes.findings : exitCodes.fine
  })
}
