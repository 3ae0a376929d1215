import type { CacheEntry } from '../load.ts'
import type { CallPolicy } from '../options.ts'
import type { Read } from '../read.ts'

/** What a process keeps of a namespace, as the calls of that use it. Undefined: there is no copy that counts. */
export interface NearCopies {
  get(key: string): unknown
  getOrCreate(key: string, call: CallPolicy): unknown
  getEntry(key: string): CacheEntry<unknown> | undefined
  exists(key: string): boolean
  /** What `getOrCreate` answers with while the storage cannot be reached: what was fresh when the link was lost. */
  lost(key: string, isCopied: boolean): unknown
  /** The storage has no entry that counts, as a call has learnt that has read nothing else. */
  gone(key: string): void
  /** A call is about to read the storage: there is no hit, or it asks for none. */
  enter(key: string): NearLook
}

/** One read of one key, from before it leaves until its answer was looked at. */
export interface NearLook {
  /** How long before its end the copy that there is was to be loaded anew. A second draw would undo the first. */
  readonly leadMs: number | undefined
  /** What it has found. That is kept, if it is an entry that counts and nothing was reported meanwhile. */
  found(read: Read): void
  /** It has ended, in whatever way. */
  leave(): void
}
