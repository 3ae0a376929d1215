import type { ValueStorage } from '../storage/values.ts'
import { type Entry, codecIn, readEntry } from './entry.ts'
import { Scope } from './keys.ts'
import { placeholderOf } from './placeholder.ts'

/**
 * What lies under a key of the cache, whatever codec made it.
 *
 * - `fresh`, `stale`: an entry that counts.
 * - `invalidated`: an entry that was ended by `clear` or by a tag; it is a miss.
 * - `loading`: a process makes the value.
 * - `otherVersion`: an entry of another version of Holdfast; it is a miss for this one.
 * - `foreign`: a counter, or what another program has written.
 * - `absent`: nothing, or a hash.
 */
export type InspectedEntry =
  | ({ readonly state: 'fresh' | 'stale' | 'invalidated' } & InspectedHeader)
  | { readonly state: 'loading' }
  | { readonly state: 'absent' }
  | { readonly state: 'otherVersion'; readonly version: string }
  | { readonly state: 'foreign'; readonly stored: string | Uint8Array }

/** What a stored value of the cache says of itself. */
export interface InspectedHeader {
  /** Milliseconds of the storage's clock. */
  readonly writtenAt: number
  readonly ttlMs: number
  readonly staleMs: number
  readonly tags: readonly string[]
  /** The codec's name; undefined for one without a name, such as JSON. */
  readonly codec: string | undefined
  /** What the codec made. */
  readonly payload: string | Uint8Array
}

/** For operators: `path` and `key` as they stand in the storage's key, `app` is that of the prefix. */
export async function inspectEntry(
  values: Pick<ValueStorage, 'getMany' | 'getManyBytes'>,
  { app, path, key }: { readonly app: string; readonly path: string; readonly key: string },
  now: number,
): Promise<InspectedEntry> {
  const scope = Scope.at(app, path)
  const [bytes] = await values.getManyBytes([scope.entryKey(key)])
  if (bytes === null || bytes === undefined) return { state: 'absent' }
  if (placeholderOf(bytes) !== undefined) return { state: 'loading' }
  const levels = scope.generationKeys.length
  const codec = codecIn(bytes, levels)
  const entry = readEntry(bytes, levels, codec)
  if (entry === undefined) {
    const [, version] = /^\d{13}(V[^1])/.exec(Buffer.from(bytes.subarray(0, 15)).toString('latin1')) ?? []
    return version === undefined ? { state: 'foreign', stored: bytes } : { state: 'otherVersion', version }
  }
  const { writtenAt, ttlMs, staleMs, tags, payload } = entry
  const header = { writtenAt, ttlMs, staleMs, tags: tags.map(([tag]) => tag), codec, payload }
  if (!(await counts(values, scope, entry))) return { state: 'invalidated', ...header }
  return { state: entry.isExpired || now >= writtenAt + ttlMs ? 'stale' : 'fresh', ...header }
}

async function counts(values: Pick<ValueStorage, 'getMany'>, scope: Scope, entry: Entry): Promise<boolean> {
  const { generationKeys } = scope
  const tagKeys = entry.tags.map(([tag]) => scope.tagKey(tag))
  const now = await values.getMany([...generationKeys, ...tagKeys])
  const wanted = [
    ...generationKeys.map((_, i) => entry.generations.slice(22 * i, 22 * (i + 1))),
    ...entry.tags.map(([, generation]) => generation),
  ]
  return wanted.every((generation, i) => now[i] === generation)
}
