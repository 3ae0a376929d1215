import { generationKey } from '@holdfast/core/storage'
import { Exit, exitCodes } from '../../exit.ts'
import { confirmed } from '../../output/confirm.ts'
import { print, printJson } from '../../output/io.ts'
import { visible } from '../../output/text.ts'
import { prefixHint } from '../../session/prefixes.ts'
import { type Session, withSession } from '../../session/session.ts'
import { cacheAt } from './at-path.ts'
import type { InNamespace } from './get.ts'

/** `holdfast cache clear`: all of the cache, or a namespace with those in it, in one step. */
export async function clearCache({
  json = false,
  namespace,
  yes,
  ...options
}: InNamespace & { readonly yes?: boolean | undefined }): Promise<number> {
  return await withSession(options, async (session) => {
    const { holdfast, prefix } = session
    const { clear } = cacheAt(holdfast.cache, namespace)
    if (clear === undefined)
      throw new Exit(
        exitCodes.badUse,
        'A definition (=name) is cleared with its namespace, or by a new version of it. holdfast cache remove removes single keys.',
      )
    await checkUsed(session, namespace)
    const what = namespace === '' ? `the cache of ${visible(prefix)}` : `the namespace ${visible(namespace)}`
    await confirmed(`Clear ${what}? Every value is loaded anew, which the source has to bear.`, { yes })
    await clear()
    if (json) await printJson('cache clear', { namespace, cleared: true })
    else
      await print(
        `Cleared ${what}. The memory becomes free as the old entries expire; until then cache size counts them.`,
      )
    return exitCodes.fine
  })
}

/**
 * Without a generation no entry of a namespace counts, and clearing it would only make one.
 *
 * @throws Exit where there is none: a prefix or a namespace that is mistyped
 */
async function checkUsed(session: Session, namespace: string): Promise<void> {
  const { storage, app, prefix } = session
  const [generation = null] = await storage.values.getMany([generationKey(app, namespace)])
  if (generation !== null) return
  const { isMissing, text } = await prefixHint(session)
  const where = namespace === '' ? visible(prefix) : visible(namespace)
  const none = `The cache has no entry ${namespace === '' ? 'under the prefix' : 'in the namespace'} ${where} that counts.`
  const instead =
    isMissing || namespace === '' ? text : 'holdfast cache size shows the namespaces (--namespace).'
  throw new Exit(exitCodes.findings, [none, 'Nothing was changed.', instead].filter(Boolean).join(' '))
}
