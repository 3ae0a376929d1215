import { CallOfMany } from './call-of-many.ts'
import type { Namespace } from './engine.ts'
import type { LoadMissing } from './load.ts'
import type { CallPolicy } from './options.ts'
import type { Accepts } from './read.ts'

/** Each missing key costs separate commands: more at once would exceed the storage's deadline by their number. */
const KEYS_AT_ONCE = 500

/**
 * One `getOrCreate` for each key, whose loads are one: those that begin together call `loadMissing` once. A key that another
 * process loads is waited for, and one whose load it then takes over is loaded with those that it takes over at that time.
 */
export async function getOrCreateMany(
  space: Namespace,
  keys: readonly string[],
  loadMissing: LoadMissing<unknown>,
  policy: CallPolicy,
  accepts?: Accepts,
): Promise<Map<string, unknown>> {
  const unique = [...new Set(keys)]
  // All keys are checked before anything is sent.
  for (const key of unique) space.scope.check(key)
  const values = new Map<string, unknown>()
  let missing = unique
  if (space.near !== undefined) {
    missing = []
    for (const key of unique) {
      const kept = space.near.getOrCreate(key, policy)
      // In its place, also where another comes later.
      values.set(key, kept)
      if (kept === undefined) missing.push(key)
    }
  }
  for (let at = 0; at < missing.length; at += KEYS_AT_ONCE) {
    const some = missing.slice(at, at + KEYS_AT_ONCE)
    const settled = await new CallOfMany(space, some, loadMissing, policy, accepts).run()
    settled.forEach((each, i) => {
      if (each.status === 'rejected') throw each.reason
      if (each.value !== undefined) values.set(some[i] as string, each.value)
      else values.delete(some[i] as string)
    })
  }
  return values
}
