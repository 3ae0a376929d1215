import { hasCode } from '../errors.ts'
import type { Entry } from './entry.ts'
import type { Namespace } from './engine.ts'
import type { CacheEntry } from './load.ts'
import type { Found } from './lookup.ts'
import type { CallPolicy } from './options.ts'
import { isOut } from './storage-gate.ts'

/** What was found, with the value decoded. What could not be decoded is no value, and `outdated`: the next fill replaces it. */
export type Read =
  | (Found & { readonly entry: Entry; readonly value: { readonly value: unknown } })
  | (Found & { readonly value: undefined })

/** Makes of a stored value what the caller gets; undefined: it is of no use, and counts as a miss. */
export interface Accepts {
  (value: unknown): { readonly value: unknown } | undefined
  /** What accepts: the same for all who accept the same. */
  readonly schema: object
}

export function readValue(space: Namespace, key: string, found: Found, accepts: Accepts | undefined): Read {
  const { state, entry } = found
  if (state === 'unreadable') noteUnreadable(space, key)
  if (entry === undefined || state === 'outdated') return { ...found, value: undefined }
  let failure: unknown
  try {
    const value = space.policy.codec.decode(entry.payload as never)
    const usable = accepts === undefined ? { value } : accepts(value)
    if (usable !== undefined) return { ...found, entry, value: usable }
  } catch (error) {
    // Of a schema that cannot be used at all, whatever is stored.
    if (hasCode(error, 'INVALID_ARGUMENT')) throw error
    failure = error
  }
  noteUnreadable(space, key, failure)
  return { ...found, state: 'outdated', value: undefined }
}

function noteUnreadable(space: Namespace, key: string, error?: unknown): void {
  space.count('unreadable')
  space.publish(() => ({ key, type: 'unreadable', ...(error === undefined ? {} : { error }) }))
}

/** What the load is given of the value that it replaces, and `getEntry` returns. */
export function cacheEntryOf(
  { value, entry: { writtenAt, ttlMs }, state }: Extract<Read, { readonly value: object }>,
  now: number,
): CacheEntry<unknown> {
  const isStale = state === 'stale'
  const leftMs = isStale ? 0 : Math.max(0, writtenAt + ttlMs - now)
  return { value: value.value, ageMs: Math.max(0, now - writtenAt), ttlMs: leftMs, isStale }
}

/** Whether the value is there still that a call found when it began: a removed one is no answer. */
export async function isStillThere(
  { scope, policy, engine }: Namespace,
  entryKey: string,
  { tags }: Pick<CallPolicy, 'tags'>,
  { entry }: Read,
): Promise<boolean> {
  try {
    const [now] = await engine.lookup.find(scope, policy.codec, [entryKey], tags)
    return now?.entry?.head === entry?.head && now?.state !== 'outdated'
  } catch (error) {
    // It was there when the call began, and without the storage this process cannot know better.
    if (isOut(error)) return true
    throw error
  }
}
