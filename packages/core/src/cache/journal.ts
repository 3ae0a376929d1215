import { isUnavailable } from '../errors.ts'

/** Something that is to be removed. `scope` is the namespace in which it lies. */
export type JournalEntry =
  | { readonly kind: 'keys'; readonly scope: string; readonly keys: readonly string[] }
  /** Of a tag, or of all that a scope has. */
  | { readonly kind: 'generation'; readonly scope: string; readonly key: string }
  | { readonly kind: 'pattern'; readonly scope: string; readonly prefix: string; readonly glob: string }

/** What {@link Journal.drain} has executed: the removal of keys, those of generations included, or of a pattern. */
export type JournalWork =
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  | { readonly kind: 'pattern'; readonly prefix: string; readonly glob: string }

export interface JournalOptions {
  /** @default 1_000 */
  readonly maxEntries?: number
  /** The key of the generation whose removal clears a scope. */
  readonly clearScope: (scope: string) => string
  /** The scope that contains all others. */
  readonly root: string
}

interface Kept {
  readonly scope: string
  readonly work: { readonly kind: 'key'; readonly key: string } | Extract<JournalWork, { kind: 'pattern' }>
}

/** Keys that one command removes. */
const CHUNK = 500

/**
 * The removals that the storage did not confirm. Each is kept once, in the order in which it was asked for last. Where they
 * become too many, the scope with the most of them is to be cleared instead: one entry, which covers all of its values, and
 * all that is removed there until it is executed. It does not cover hashes and counters, which have no generation.
 */
export class Journal {
  readonly #options: Required<JournalOptions>
  readonly #kept = new Map<string, Kept>()
  /** How many entries each scope has. */
  readonly #perScope = new Map<string, number>()
  /** The scopes that are to be cleared because they had too many. */
  readonly #collapsed = new Set<string>()
  #draining: Promise<void> | undefined

  constructor({ maxEntries = 1_000, ...options }: JournalOptions) {
    this.#options = { ...options, maxEntries }
  }

  get size(): number {
    return this.#kept.size
  }

  add(entry: JournalEntry): void {
    const { root } = this.#options
    const { scope } = entry
    // Asked for again: a clear that is being executed right now may come before this removal.
    if (this.#collapsed.has(root)) return this.#collapse(root)
    if (this.#collapsed.has(scope)) return this.#collapse(scope)
    if (entry.kind === 'pattern') {
      const { prefix, glob } = entry
      this.#keep(`p${prefix.length}:${prefix}${glob}`, scope, { kind: 'pattern', prefix, glob })
    } else {
      for (const key of entry.kind === 'keys' ? entry.keys : [entry.key]) {
        this.#keep(`k${key}`, scope, { kind: 'key', key })
      }
    }
    while (this.#kept.size > this.#options.maxEntries) this.#collapse(this.#fullest())
  }

  /**
   * Executes everything in order, also what is added meanwhile, and forgets what was executed. What fails stays, and what
   * was asked for again meanwhile. A storage that is out ends it at once; after another refusal it goes on with the rest.
   * A second caller joins the first. @throws the first error of `execute`
   */
  drain(execute: (work: JournalWork) => Promise<unknown>): Promise<void> {
    this.#draining ??= this.#drain(execute).finally(() => (this.#draining = undefined))
    return this.#draining
  }

  async #drain(execute: (work: JournalWork) => Promise<unknown>): Promise<void> {
    const failed = new Set<Kept>()
    const errors: unknown[] = []
    for (;;) {
      const batch = this.#nextBatch(failed)
      const [first] = batch.values()
      if (first === undefined) break
      try {
        await execute(first.work.kind === 'key' ? { kind: 'keys', keys: keysOf(batch) } : first.work)
        for (const [id, kept] of batch) if (this.#kept.get(id) === kept) this.#forget(id)
      } catch (error) {
        errors.push(error)
        if (isUnavailable(error)) break
        for (const kept of batch.values()) failed.add(kept)
      }
    }
    if (errors.length > 0) throw errors[0]
  }

  /** The next pattern, or as many of the next keys as one command takes. */
  #nextBatch(failed: ReadonlySet<Kept>): Map<string, Kept> {
    const batch = new Map<string, Kept>()
    for (const [id, kept] of this.#kept) {
      if (failed.has(kept)) continue
      const isKey = kept.work.kind === 'key'
      if (isKey || batch.size === 0) batch.set(id, kept)
      if (!isKey || batch.size === CHUNK) break
    }
    return batch
  }

  /** `name` distinguishes it within its scope. */
  #keep(name: string, scope: string, work: Kept['work']): void {
    const id = `${scope.length}:${scope}${name}`
    this.#forget(id)
    this.#kept.set(id, { scope, work })
    this.#perScope.set(scope, (this.#perScope.get(scope) ?? 0) + 1)
  }

  #forget(id: string): void {
    const kept = this.#kept.get(id)
    if (kept === undefined) return
    const { scope } = kept
    this.#kept.delete(id)
    const left = (this.#perScope.get(scope) ?? 0) - 1
    if (left > 0) return void this.#perScope.set(scope, left)
    this.#perScope.delete(scope)
    // What clears a scope is all that it has.
    this.#collapsed.delete(scope)
  }

  /** The scope that has the most entries; the root when each has but one. */
  #fullest(): string {
    let fullest = this.#options.root
    let most = 1
    for (const [scope, count] of this.#perScope) {
      if (count > most) [fullest, most] = [scope, count]
    }
    return fullest
  }

  #collapse(scope: string): void {
    const { root, clearScope } = this.#options
    for (const [id, kept] of this.#kept) if (scope === root || kept.scope === scope) this.#forget(id)
    const key = clearScope(scope)
    this.#keep(`k${key}`, scope, { kind: 'key', key })
    this.#collapsed.add(scope)
  }
}

function keysOf(batch: ReadonlyMap<string, Kept>): string[] {
  return [...batch.values()].flatMap(({ work }) => (work.kind === 'key' ? [work.key] : []))
}
