export interface BoundedMemoryOptions {
  readonly maxEntries: number
  /** Of what its user says that the entries take. */
  readonly maxBytes: number
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number
}

interface Node<V> {
  readonly key: string
  readonly value: V
  readonly bytes: number
  readonly endsAt: number
  newer: Node<V> | undefined
  older: Node<V> | undefined
  /** It was read since the hand passed it. */
  isVisited: boolean
}

/**
 * Values in this process, within bounds: what was not read since it was stored goes first.
 *
 * Eviction is SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024): entries lie in the order of their arrival, and
 * a hand moves from the oldest to the newest. It passes over those that were read since it last came by, and takes the
 * first that was not. A read only sets a mark, so a hit moves nothing; many keys that are read once each do not drive out
 * those that are read again. A hand passes over an entry once for each time that it was marked: all is O(1), amortised.
 */
export class BoundedMemory<V> {
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #now: () => number
  readonly #nodes = new Map<string, Node<V>>()
  #newest: Node<V> | undefined
  #oldest: Node<V> | undefined
  /** Where the next search begins; undefined: at the oldest. */
  #hand: Node<V> | undefined
  #bytes = 0

  constructor({ maxEntries, maxBytes, now }: BoundedMemoryOptions) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
    this.#now = now
  }

  /** How many entries it holds, those included whose time is over and that no caller has asked for since. */
  get size(): number {
    return this.#nodes.size
  }

  /** What they take. */
  get bytes(): number {
    return this.#bytes
  }

  /** The value, unless its time is over. */
  get(key: string): V | undefined {
    const node = this.#nodes.get(key)
    if (node === undefined) return undefined
    if (node.endsAt <= this.#now()) {
      this.#remove(node)
      return undefined
    }
    node.isVisited = true
    return node.value
  }

  /** Stores a value for `ttlMs`, in place of the old one. One that is larger than everything allowed is not kept. */
  set(key: string, value: V, bytes: number, ttlMs: number): void {
    this.delete(key)
    if (bytes > this.#maxBytes || this.#maxEntries < 1) return
    const now = this.#now()
    while (this.#nodes.size >= this.#maxEntries || this.#bytes + bytes > this.#maxBytes) this.#evict(now)
    const older = this.#newest
    const node = { key, value, bytes, endsAt: now + ttlMs, newer: undefined, older, isVisited: false }
    if (older === undefined) this.#oldest = node
    else older.newer = node
    this.#newest = node
    this.#nodes.set(key, node)
    this.#bytes += bytes
  }

  delete(key: string): boolean {
    const node = this.#nodes.get(key)
    if (node === undefined) return false
    this.#remove(node)
    return true
  }

  clear(): void {
    this.#nodes.clear()
    this.#newest = this.#oldest = this.#hand = undefined
    this.#bytes = 0
  }

  #evict(now: number): void {
    let node = this.#hand ?? this.#oldest
    while (node !== undefined && node.isVisited && node.endsAt > now) {
      node.isVisited = false
      node = node.newer ?? this.#oldest
    }
    if (node === undefined) return
    this.#hand = node
    this.#remove(node)
  }

  #remove(node: Node<V>): void {
    const { newer, older } = node
    if (this.#hand === node) this.#hand = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    this.#nodes.delete(node.key)
    this.#bytes -= node.bytes
  }
}
