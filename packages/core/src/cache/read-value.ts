import { hasCode } from '../errors.ts'
import type { Namespace } from './engine.ts'
import type { CacheEntry } from './load.ts'
import type { Found } from './lookup.ts'
import type { CallPolicy } from './options.ts'
import type { Accepts, Read } from './read.ts'
import { isOut } from './storage-gate.ts'

export function readValue(space: Namespace, key: string, found: Found, accepts: Accepts | undefined): Read {
  const { state, entry } = found
  if (state === 'unreadable') noteUnreadable(space, key)
  if (entry === undefined || state === 'outdated') return { ...found, value: undefined }
  let failure: unknown
  try {
    const value = entry.decode(space.policy.codec)
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
