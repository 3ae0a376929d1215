import type { ValueStorage } from '../storage/values.ts'
import type { Runtime } from '../support/runtime.ts'

/** How many generations a process remembers to be alive: beyond that it begins anew. */
const MOST_REMEMBERED = 10_000
const LONGEST_LIFE_MS = 86_400_000_000

/**
 * The generations that entries are stored under. A namespace and a tag have one each: a random text of {@link GENERATION}
 * characters under a separate key. An entry counts while it names all the generations that are there now, so renewing one
 * invalidates in one step whatever was stored under it. A generation that is missing (evicted, removed, expired) matches
 * no entry: the first writer makes another one.
 *
 * A generation lives as long as the longest entry that was stored under it, at least, and twice as long at most: so it need
 * not be prolonged with every entry.
 */
export class Generations {
  readonly #runtime: Runtime
  readonly #values: ValueStorage
  readonly #send: <T>(command: () => Promise<T>) => Promise<T>
  readonly #remembered = new Map<string, { readonly generation: string; readonly until: number }>()
  /** On their way: an older answer than a caller could get for itself only makes its entry count for nothing. */
  readonly #ensuring = new Map<string, Promise<string>>()

  constructor(runtime: Runtime, values: ValueStorage, send: <T>(command: () => Promise<T>) => Promise<T>) {
    this.#runtime = runtime
    this.#values = values
    this.#send = send
  }

  /** The generations that were seen last, when all are known to live for so long; for a write that reads them as well. */
  remembered(keys: readonly string[], lifeMs: number): readonly string[] | undefined {
    const by = this.#runtime.monotonicNow() + lifeMs
    const all: string[] = []
    for (const key of keys) {
      const known = this.#remembered.get(key)
      if (known === undefined || known.until < by) return undefined
      all.push(known.generation)
    }
    return all
  }

  /**
   * What an entry with this life may be stored under: `seen`, where that is there and lives long enough, else what the
   * storage then says. Costs nothing as long as this process knows that they do.
   */
  hold(
    keys: readonly string[],
    seen: readonly (string | null)[],
    lifeMs: number,
  ): readonly string[] | Promise<readonly string[]> {
    const by = this.#runtime.monotonicNow() + lifeMs
    let lacking = false
    for (let i = 0; i < keys.length && !lacking; i += 1)
      lacking = !this.#lives(keys[i] as string, seen[i], by)
    if (!lacking) return seen as readonly string[]
    return Promise.all(
      keys.map(async (key, i) =>
        this.#lives(key, seen[i], by) ? (seen[i] as string) : await this.#ensureOnce(key, lifeMs),
      ),
    )
  }

  /** Invalidates what was stored under it. */
  async renew(
    key: string,
    lifeMs: number,
    send: <T>(command: () => Promise<T>) => Promise<T> = this.#send,
  ): Promise<void> {
    this.#remembered.delete(key)
    const life = Math.min(2 * lifeMs, LONGEST_LIFE_MS)
    const until = this.#runtime.monotonicNow() + life
    const generation = await send(() => this.#values.renew(key, this.#mark(), life))
    this.#remember(key, generation, until)
  }

  #ensureOnce(key: string, lifeMs: number): Promise<string> {
    const name = `${lifeMs} ${key}`
    let ensuring = this.#ensuring.get(name)
    if (ensuring === undefined) {
      ensuring = this.#ensure(key, lifeMs).finally(() => this.#ensuring.delete(name))
      this.#ensuring.set(name, ensuring)
    }
    return ensuring
  }

  async #ensure(key: string, lifeMs: number): Promise<string> {
    const life = Math.min(2 * lifeMs, LONGEST_LIFE_MS)
    const until = this.#runtime.monotonicNow() + life
    const generation = await this.#send(() => this.#values.ensure(key, this.#mark(), life))
    this.#remember(key, generation, until)
    return generation
  }

  #lives(key: string, seen: string | null | undefined, by: number): boolean {
    const known = this.#remembered.get(key)
    return known !== undefined && known.generation === seen && known.until >= by
  }

  #remember(key: string, generation: string, until: number): void {
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(key, { generation, until })
  }

  #mark(): string {
    return this.#runtime.randomId().slice(0, 6)
  }
}
