import { exitCodes } from '../../exit.ts'
import { print, printJson, remark } from '../../output/io.ts'
import { lookedAt, scanned } from '../../output/progress.ts'
import { counted, visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { hasCode } from '../../session/has-code.ts'
import { prefixHint } from '../../session/prefixes.ts'
import { isUnreadable } from '../../session/refusals.ts'
import { type Session, withSession } from '../../session/session.ts'
import { listText } from './lock-text.ts'
import { type LockKind, type NamedLock, isUsed, lockJson, namedIn, viewOf } from './lock-views.ts'

export interface ListOptions extends ConnectionOptions {
  readonly limit: number
}

/** How many locks are inspected at a time. */
const AT_A_TIME = 100

/** `holdfast locks list`: those that are held or waited for, the longest held first. */
export async function listLocks({ limit, json = false, ...options }: ListOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const seen = await scanned(session.inspection.leases(session.app))
    const named = seen.found.flatMap((key) => namedIn(session, key) ?? [])
    const used: NamedLock[] = []
    const unreadable: string[] = []
    for (let at = 0; at < named.length; at += AT_A_TIME) {
      const some = named.slice(at, at + AT_A_TIME)
      const views = await Promise.all(some.map((each) => viewIfReadable(session, each)))
      views.forEach((view, i) => {
        if (view === undefined) unreadable.push(some[i]?.name ?? '')
        else if (isUsed(view)) used.push(view)
      })
    }
    used.sort((a, b) => (b.holders[0]?.heldForMs ?? 0) - (a.holders[0]?.heldForMs ?? 0))
    const shown = used.slice(0, limit)
    const { scanned: keysSeen, keys = null } = seen
    if (json) {
      await printJson('locks list', {
        locks: shown.map(lockJson),
        total: used.length,
        unreadable: unreadable.sort(),
        scanned: keysSeen,
        keys,
      })
      return exitCodes.fine
    }
    if (shown.length > 0) await print(listText(shown))
    const more = shown.length < used.length ? `, of which ${shown.length} are shown (--limit)` : ''
    await remark(`${counted(used.length, 'lock')} held or waited for${more}; ${lookedAt(seen)}`)
    if (unreadable.length > 0)
      await remark(
        `${counted(unreadable.length, 'lock')} of another version of Holdfast, or of another program, cannot be read: ${unreadable.sort().map(visible).join(', ')}.`,
      )
    if (used.length === 0) {
      const { isMissing, text } = await prefixHint(session)
      if (text !== '') await remark(text)
      if (isMissing) return exitCodes.findings
    }
    return exitCodes.fine
  })
}

/** Undefined for what this version cannot read, or name. */
async function viewIfReadable(
  session: Session,
  { kind, name }: { readonly kind: LockKind; readonly name: string },
): Promise<NamedLock | undefined> {
  try {
    return await viewOf(session, kind, name)
  } catch (error) {
    if (isUnreadable(error) || hasCode(error, 'INVALID_ARGUMENT')) return undefined
    throw error
  }
}
