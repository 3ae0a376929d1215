import type { Entry } from './entry.ts'
import type { Found } from './lookup.ts'

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
