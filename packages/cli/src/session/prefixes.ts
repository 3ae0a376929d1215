import { prefixOf } from '@holdfast/core/storage'
import { hasAnswer } from './refusals.ts'
import { lookedAt, scanned } from '../output/progress.ts'
import { visible } from '../output/text.ts'
import type { Session } from './session.ts'

/** How many keys are looked at for prefixes: a hint is not worth more. */
const MOST_KEYS = 50_000
/** For the own one. */
const MOST_FOR_OWN = 500_000

export interface PrefixHint {
  /** No key has the prefix. */
  readonly isMissing: boolean
  /** For people who found nothing: which prefixes have keys. Empty when only theirs has. */
  readonly text: string
}

/** `others: false`: looks no further when a key has the prefix. */
export async function prefixHint(
  { inspection, app, prefix }: Session,
  { others: wantsOthers = true }: { readonly others?: boolean } = {},
): Promise<PrefixHint> {
  try {
    const most = wantsOthers ? MOST_KEYS : 0
    const seen = await scanned(
      inspection.apps(),
      (keys, found) => keys >= (found.includes(app) ? most : MOST_FOR_OWN),
    )
    const isMissing = !seen.found.includes(app)
    const others = seen.found.filter((each) => each !== app).map((each) => visible(prefixOf(each)))
    const list = others.sort().slice(0, 20).join(', ')
    if (!isMissing) {
      const text = others.length === 0 ? '' : `Other prefixes that have keys: ${list} (--prefix).`
      return { isMissing, text }
    }
    const which = others.length === 0 ? 'No prefix has any' : `Prefixes that have: ${list}`
    const text = `No key of Holdfast has the prefix ${visible(prefix)} (--prefix). ${which}; ${lookedAt(seen)}.`
    return { isMissing, text }
  } catch (error) {
    if (!hasAnswer(error)) throw error
    const text = `Which prefixes have keys is not known: this user may not SCAN. Yours is ${visible(prefix)}.`
    return { isMissing: false, text }
  }
}
