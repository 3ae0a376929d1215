import { BoundedMemory } from './bounded-memory.ts'
import { Bounds } from './bounds.ts'
import type { Entry } from './entry.ts'

const MOST_ENTRIES = 10_000
const MOST_CHARACTERS = 1_048_576
/** About what an entry takes beside its texts. */
const BESIDE_TEXTS = 200

/**
 * Which tags entries had when this process read them last, where no caller named them: so the generations of these tags are
 * read with the entry the next time. It is a guess at what to read, and no more. The tags that the entry then names decide,
 * under the generations that were read then.
 */
export class RememberedTags {
  readonly #byEntryKey: BoundedMemory<readonly string[]>

  constructor(now: () => number) {
    this.#byEntryKey = new BoundedMemory({ bounds: new Bounds(MOST_ENTRIES, MOST_CHARACTERS), now })
  }

  of(entryKey: string): readonly string[] | undefined {
    return this.#byEntryKey.size === 0 ? undefined : this.#byEntryKey.get(entryKey)
  }

  remember(entryKey: string, { tags, ttlMs, staleMs }: Entry): void {
    // Copies: a part of what was read keeps all of it in memory.
    const names = tags.map(([tag]) => Buffer.from(tag).toString())
    const characters = names.reduce((sum, { length }) => sum + length, entryKey.length + BESIDE_TEXTS)
    this.#byEntryKey.set(entryKey, names, characters, ttlMs + staleMs)
  }
}
