import { exitCodes } from '../../exit.ts'
import { confirmed } from '../../output/confirm.ts'
import { print, printJson } from '../../output/io.ts'
import { counted } from '../../output/text.ts'
import { withSession } from '../../session/session.ts'
import { cacheAt } from './at-path.ts'
import { type InNamespace, name } from './get.ts'

/** `holdfast cache remove KEY…`. Exit code 1 when none was there. */
export async function removeEntries(
  keys: readonly string[],
  { json = false, namespace, yes, ...options }: InNamespace & { readonly yes?: boolean | undefined },
): Promise<number> {
  return await withSession(options, async ({ holdfast }) => {
    const what = keys.length === 1 ? name(namespace, keys[0] ?? '') : counted(keys.length, 'key')
    await confirmed(`Remove ${what} from the cache? The next call loads it anew.`, { yes })
    const removed = await cacheAt(holdfast.cache, namespace).remove(keys)
    if (json) await printJson('cache remove', { namespace, keys, removed })
    else
      await print(
        removed === 0 ? 'None of them was there.' : `${counted(removed, 'entry', 'entries')} removed.`,
      )
    return removed === 0 ? exitCodes.findings : exitCodes.fine
  })
}
