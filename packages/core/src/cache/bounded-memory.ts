import type { Bounds, Held } from './bounds.ts'

export interface BoundedMemoryOptions<V> {
  /** Several memories may share them. */
  readonly bounds: Bounds
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number
  /** Called with each value that leaves, and whether it was evicted for want of room. */
  readonly onLeave?: ((value: V, isEvicted: boolean) => void) | undefined
}

class Node<V> implements Held {
  readonly key: string
  /** Undefined: it was evicted, and its key is remembered. */
  value: V | undefined
  readonly bytes: number
  readonly endsAt: number
  reads = 0
  queue: Held['queue'] = undefined
  newer: Held | undefined = undefined
  older: Held | undefined = undefined
  readonly #memory: BoundedMemory<V>

  constructor(memory: BoundedMemory<V>, key: string, value: V, bytes: number, endsAt: number) {
    this.#memory = memory
    this.key = key
    this.value = value
    this.bytes = bytes
    this.endsAt = endsAt
  }

  evicted(asGhost: boolean): void {
    this.#memory.evicted(this, asGhost)
  }
}

/** Values in this process, within bounds, each until its time is over. */
export class BoundedMemory<V> {
  readonly #bounds: Bounds
  readonly #now: () => number
  readonly #onLeave: ((value: V, isEvicted: boolean) => void) | undefined
  /** Those that were evicted and are remembered are in it, too. */
  readonly #nodes = new Map<string, Node<V>>()
  #size = 0
  #bytes = 0

  constructor({ bounds, now, onLeave }: BoundedMemoryOptions<V>) {
    this.#bounds = bounds
    this.#now = now
    this.#onLeave = onLeave
  }

  /** How many values it holds, those included whose time is over and that no caller has asked for since. */
  get size(): number {
    return this.#size
  }

  /** What its user says that they take. */
  get bytes(): number {
    return this.#bytes
  }

  /** The value, unless its time is over. */
  get(key: string, now: number = this.#now()): V | undefined {
    const node = this.#nodes.get(key)
    if (node === undefined || node.value === undefined) return undefined
    if (node.endsAt <= now) {
      this.#remove(node)
      return undefined
    }
    if (node.reads < 3) node.reads += 1
    return node.value
  }

  /** Stores a value for `ttlMs`, in place of the old one. One that is larger than everything allowed is not kept. */
  set(key: string, value: V, bytes: number, ttlMs: number): void {
    if (!this.#bounds.fits(bytes)) return void this.delete(key)
    const before = this.#nodes.get(key)
    if (before?.value !== undefined) this.#left(before, false)
    const now = this.#now()
    const node = new Node(this, key, value, bytes, now + ttlMs)
    // It may evict others of this memory, and of the others within the same bounds.
    this.#nodes.delete(key)
    this.#bounds.add(node, before, now)
    this.#nodes.set(key, node)
    this.#size += 1
    this.#bytes += bytes
  }

  delete(key: string): boolean {
    const node = this.#nodes.get(key)
    if (node?.value === undefined) return false
    this.#remove(node)
    return true
  }

  clear(): void {
    for (const node of this.#nodes.values()) this.#remove(node)
  }

  /** The bounds leave no room for it. `asGhost`: its key is still of use to them. */
  evicted(node: Node<V>, asGhost: boolean): void {
    if (node.value !== undefined) this.#left(node, true)
    if (!asGhost) this.#nodes.delete(node.key)
  }

  #remove(node: Node<V>): void {
    if (node.value !== undefined) this.#left(node, false)
    this.#bounds.remove(node)
    this.#nodes.delete(node.key)
  }

  #left(node: Node<V>, isEvicted: boolean): void {
    const { value } = node
    node.value = undefined
    this.#size -= 1
    this.#bytes -= node.bytes
    this.#onLeave?.(value as V, isEvicted)
  }
}
