import type { Kit } from './kit.ts'
import type { Need } from './target.ts'

/**
 * Who demands what a case asks.
 *
 * - `draft`: the text of draft-ietf-httpapi-idempotency-key-header, or RFC 8941, whose strings it takes;
 * - `safety`: nothing runs twice, no answer is lost, no caller sees another one's; the draft does not speak of it;
 * - `option`: an option of Holdfast, or its choice where the draft leaves one or says otherwise.
 */
export type Demand = 'draft' | 'safety' | 'option'

/** One case of the conformance list. Its id is its number there; the parts of one number differ in the letter. */
export interface HttpCase {
  readonly id: `H${string}`
  readonly title: string
  readonly demand: Demand
  /** A target without one of these is not asked; the routes that a case uses need not be named. */
  readonly needs?: readonly Need[]
  run(kit: Kit): Promise<void>
}

/** A promise, and the function that settles it: holds a handler until the case lets it go. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined
  const opened = new Promise<T>((resolve) => (open = resolve))
  return { opened, open }
}
