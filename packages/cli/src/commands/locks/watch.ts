import { hasCode } from '../../session/has-code.ts'
import { exitCodes } from '../../exit.ts'
import { printJsonLine } from '../../output/io.ts'
import { live, pause } from '../../output/live.ts'
import { coloured, visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { withSession } from '../../session/session.ts'
import { lockText } from './lock-text.ts'
import { type NamedLock, type WhichLock, lockJson, usedLocks } from './lock-views.ts'

export interface WatchOptions extends ConnectionOptions, WhichLock {
  readonly intervalMs: number
}

/** `holdfast locks watch NAME`: until Ctrl-C. It survives an outage of Redis. */
export async function watchLock(
  name: string,
  { json = false, semaphore = false, intervalMs, ...options }: WatchOptions,
): Promise<number> {
  return await withSession(
    options,
    async (session) =>
      await live(async ({ signal, show }) => {
        let last = ''
        while (!signal.aborted) {
          const locks = await usedLocks(session, name, { semaphore }).catch(whileAway)
          if (!json) await show(textOf(name, locks))
          else if (locks !== undefined) {
            const state = stateOf(locks)
            if (state !== last) await printJsonLine('locks watch', { locks: locks.map(lockJson) })
            last = state
          }
          await pause(intervalMs, signal)
        }
        return exitCodes.interrupted
      }),
    { reconnect: true },
  )
}

/** Undefined while Redis does not answer. */
function whileAway(error: unknown): undefined {
  if (!hasCode(error, 'STORAGE_UNAVAILABLE')) throw error
}

function textOf(name: string, locks: readonly NamedLock[] | undefined): string {
  if (locks === undefined)
    return `${visible(name)}: ${coloured('yellow', 'Redis does not answer, trying again')}`
  return locks.length === 0
    ? `${coloured('bold', visible(name))}: no holder, no waiter`
    : locks.map(lockText).join('\n\n')
}

/** What makes it another state: not that time passes. */
function stateOf(locks: readonly NamedLock[]): string {
  return JSON.stringify(
    locks.map(({ kind, holders, queue }) => [kind, holders.map(({ token }) => token), queue]),
  )
}
