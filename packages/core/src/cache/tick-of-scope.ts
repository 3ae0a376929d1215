import type { Entry } from './entry.ts'
import type { Scope } from './keys.ts'
import type { TickOfReads } from './reads.ts'

/** Under what entries count. */
export interface Circumstances {
  /** Of the namespaces, as they were read with it; null: missing. */
  readonly generations: readonly (string | null)[]
  /** The same as one text; undefined: one is missing. */
  readonly joined: string | undefined
  /** Whether an invalidated tag of the namespace has been seen: compare two of them. Null: missing. */
  readonly tagChanges: string | null
}

/** What all who read entries of a namespace in one tick share. */
export class TickOfScope {
  readonly tick: TickOfReads<string | null>
  readonly scope: Scope
  /** When the first of them asked. */
  readonly startedAt: number
  readonly #places: readonly number[]
  readonly #changes: number
  readonly #tags = new Map<string, number>()
  #replies: readonly (string | null)[] = []
  #read: Circumstances | undefined

  constructor(tick: TickOfReads<string | null>, scope: Scope, startedAt: number) {
    this.tick = tick
    this.scope = scope
    this.startedAt = startedAt
    this.#places = scope.generationKeys.map((key) => tick.add(key))
    this.#changes = tick.add(scope.tagChangesKey)
  }

  /** Reads its generation as well. */
  addTag(tag: string): void {
    if (!this.#tags.has(tag)) this.#tags.set(tag, this.tick.add(this.scope.tagKey(tag)))
  }

  /** Null: it is missing; undefined: it was not read. */
  generationOf(tag: string): string | null | undefined {
    const place = this.#tags.get(tag)
    return place === undefined ? undefined : this.#replies[place]
  }

  read(replies: readonly (string | null)[]): Circumstances {
    if (this.#read !== undefined) return this.#read
    this.#replies = replies
    const generations = this.#places.map((place) => replies[place] as string | null)
    const joined = generations.includes(null) ? undefined : generations.join('')
    return (this.#read = { generations, joined, tagChanges: replies[this.#changes] as string | null })
  }
}

/** Whether an entry counts under the generations of its tags; `unknown`: some were not read with it. */
export function byTags({ tags }: Entry, read: TickOfScope): 'counts' | 'outdated' | 'unknown' {
  let verdict: 'counts' | 'unknown' = 'counts'
  for (const [tag, generation] of tags) {
    const now = read.generationOf(tag)
    if (now === undefined) verdict = 'unknown'
    else if (now !== generation) return 'outdated'
  }
  return verdict
}
