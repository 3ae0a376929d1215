import type { ValueStorage } from '../storage/values.ts'
import type { Found } from './lookup.ts'
import type { CallPolicy } from './options.ts'

/** What a storage that does many keys in one command can do: V10 of `ValueStorage`. */
export type ManyValues = Required<Pick<ValueStorage, 'reserveMany' | 'replaceMany'>>

/** What a call knows of keys under which nothing is, and which no caller of this process loads. */
export interface BatchPlan {
  readonly keys: readonly string[]
  /** Read together. */
  readonly found: readonly Found[]
  readonly load: LoadKeys
  readonly policy: CallPolicy
  /** When the caller began to look: it waits for the storage no longer in all than for one command. */
  readonly lookedAt: number
  /** The key was loaded, or could not be: the call's answer. */
  readonly onSettled: (key: string, result: PromiseSettledResult<unknown>) => void
  /** The key is not loaded: something else is there now, or the storage is out. */
  readonly onLost: (key: string, outage: { readonly error: unknown } | undefined) => void
}

export type LoadKeys = (
  keys: readonly string[],
  context: { readonly signal: AbortSignal },
) => Promise<ReadonlyMap<string, unknown>>
