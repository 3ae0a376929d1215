import type { StoredValue } from '../storage/values.ts'
import type { Namespace } from './engine.ts'
import { writeEntry } from './entry.ts'
import type { EntryPolicy } from './options.ts'

/** What is stored, and for how long. */
export function entryOf(
  { policy: { codec } }: Namespace,
  { ttlMs, jitter, staleMs }: EntryPolicy,
  payload: StoredValue,
  made: {
    readonly token: string
    readonly generations: string
    readonly random: number
    readonly loadMs: number
    readonly tags: readonly (readonly [string, string])[]
  },
): { readonly stored: StoredValue; readonly lifeMs: number } {
  const freshMs = Math.max(1, Math.ceil(ttlMs * (1 - jitter * made.random)))
  const { token, generations, tags } = made
  const loadMs = Math.ceil(made.loadMs)
  const header = { token, generations, ttlMs: freshMs, staleMs, loadMs, tags, codec: codec.name }
  return { stored: writeEntry(header, payload), lifeMs: freshMs + staleMs }
}
