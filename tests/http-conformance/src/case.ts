import type { Kit } from './kit.ts'
import type { Need } from './target.ts'

/**
 * Where the demand of a case comes from.
 *
 * - `draft`: the text of draft-ietf-httpapi-idempotency-key-header, or RFC 8941, whose strings it takes;
 * - `safety`: nothing runs twice, no answer is lost, no caller sees another caller's answer. The draft does not cover it;
 * - `option`: an option of Holdfast, or its choice where the draft leaves one open or differs.
 */
export type Demand = 'draft' | 'safety' | 'option'

/** One case of the conformance list. Its id is its number in the list; the parts of one number differ in the letter. */
export interface HttpCase {
  readonly id: `H${string}`
  readonly title: string
  readonly demand: Demand
  /** The case is not run against a target that lacks one of these. The routes that a case uses need not be listed. */
  readonly needs?: readonly Need[]
  /**
   * The case takes seconds, mostly waiting for a lease to end, or for a storage that does not answer. It may run beside
   * others of this kind: it uses only processes and connections that it has started itself.
   */
  readonly waits?: true
  run(kit: Kit): Promise<void>
}

/** A promise and the function that settles it. A case holds a handler with it. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined
  const opened = new Promise<T>((resolve) => (open = resolve))
  return { opened, open }
}
