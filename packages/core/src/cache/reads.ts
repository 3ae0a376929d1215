/**
 * The reads of one tick as one: a key that several callers ask for is read once, and all keys leave in one command where the
 * storage can do that. So a generation, which every entry of a namespace needs, costs one read a tick.
 *
 * A caller never gets what was read before it asked: a tick's reads leave after all of its callers have asked.
 */
export class Reads<V> {
  readonly #send: (keys: readonly string[]) => Promise<readonly V[]>
  #open: TickOfReads<V> | undefined

  constructor(send: (keys: readonly string[]) => Promise<readonly V[]>) {
    this.#send = send
  }

  /** What leaves at the end of this tick: add keys to it, and await its replies. */
  get tick(): TickOfReads<V> {
    if (this.#open !== undefined) return this.#open
    const tick = (this.#open = new TickOfReads<V>())
    // After the promise callbacks of this turn: callers that one reply resumed ask together.
    process.nextTick(() => {
      this.#open = undefined
      this.#send(tick.keys).then(tick.resolve, tick.reject)
    })
    return tick
  }

  /** In the order of `keys`. */
  async read(keys: readonly string[]): Promise<readonly V[]> {
    const { tick } = this
    const places = keys.map((key) => tick.add(key))
    const replies = await tick.replies
    return places.map((place) => replies[place] as V)
  }
}

export class TickOfReads<V> {
  readonly keys: string[] = []
  readonly #places = new Map<string, number>()
  /** How many of the keys have their place there. */
  #placed = 0
  #hasCaller = false
  readonly replies: Promise<readonly V[]>
  resolve!: (replies: readonly V[]) => void
  reject!: (error: unknown) => void

  constructor() {
    this.replies = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Those who ask handle it; one who was aborted may not.
    this.replies.catch(() => undefined)
  }

  /** Where the reply of a key will be that somebody has asked for. */
  placeOf(key: string): number | undefined {
    for (; this.#placed < this.keys.length; this.#placed += 1)
      this.#places.set(this.keys[this.#placed] as string, this.#placed)
    return this.#places.get(key)
  }

  /** Where its reply will be. */
  add(key: string): number {
    return this.placeOf(key) ?? this.keys.push(key) - 1
  }

  /**
   * The same of keys that a caller asks for, each once. Those of the first caller are looked for when there is another: a call of
   * many keys often is alone in its tick.
   */
  addAll(keys: readonly string[]): number[] {
    const add = this.#hasCaller ? (key: string) => this.add(key) : (key: string) => this.keys.push(key) - 1
    this.#hasCaller = true
    return keys.map(add)
  }
}

/** How many keys one command reads, so that no command keeps the others waiting and none meets its deadline by its size. */
const CHUNK = 256

/** Reads more keys than that in several commands. */
export function inChunks<V>(
  read: (keys: readonly string[]) => Promise<readonly V[]>,
): (keys: readonly string[]) => Promise<readonly V[]> {
  return async (keys) => {
    if (keys.length <= CHUNK) return await read(keys)
    const chunks: Promise<readonly V[]>[] = []
    for (let at = 0; at < keys.length; at += CHUNK) chunks.push(read(keys.slice(at, at + CHUNK)))
    return (await Promise.all(chunks)).flat()
  }
}
