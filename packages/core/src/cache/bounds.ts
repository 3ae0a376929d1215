/** A value in a memory, or what is left of one that was evicted: its key alone. */
export interface Held {
  readonly bytes: number
  readonly endsAt: number
  /** How often it was read since it was last looked at: 3 at most. */
  reads: number
  queue: Queue | undefined
  newer: Held | undefined
  older: Held | undefined
  /** Takes it out of its memory; `asGhost`: its key stays, and only that. */
  evicted(asGhost: boolean): void
}

class Queue {
  size = 0
  oldest: Held | undefined
  #newest: Held | undefined

  push(held: Held): void {
    held.queue = this
    held.older = this.#newest
    held.newer = undefined
    if (this.#newest === undefined) this.oldest = held
    else this.#newest.newer = held
    this.#newest = held
    this.size += 1
  }

  remove(held: Held): void {
    const { newer, older } = held
    if (newer === undefined) this.#newest = older
    else newer.older = older
    if (older === undefined) this.oldest = newer
    else older.newer = newer
    held.newer = held.older = held.queue = undefined
    this.size -= 1
  }
}

/**
 * The bounds of one memory, or of several that share them, and what is evicted: S3-FIFO (Yang et al., "FIFO Queues are All
 * You Need for Cache Eviction", SOSP 2023). What is new waits in a small queue, a tenth of all; most leaves from there, and
 * so keys that are read once each do not drive out the others. What was read meanwhile moves to the main queue, and goes
 * round in it for as long as it is read. What left the small queue is remembered by its key: if it comes again, it goes to
 * the main queue at once. A read only counts, so a hit moves nothing; all is O(1), amortised.
 */
export class Bounds {
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #small = new Queue()
  readonly #main = new Queue()
  readonly #ghosts = new Queue()
  #bytes = 0

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  /** How many values there are, those included whose time is over and that no caller has asked for since. */
  get size(): number {
    return this.#small.size + this.#main.size
  }

  /** Whether so much may be kept at all. */
  fits(bytes: number): boolean {
    return bytes <= this.#maxBytes && this.#maxEntries > 0
  }

  /** Makes room for it, and counts it. `before`: what was under its key. */
  add(held: Held, before: Held | undefined, now: number): void {
    const isKnown = before?.queue === this.#main || before?.queue === this.#ghosts
    if (before !== undefined) {
      if (before.queue !== this.#ghosts) held.reads = before.reads
      this.remove(before)
    }
    while (this.size >= this.#maxEntries || this.#bytes + held.bytes > this.#maxBytes) this.#evict(now)
    ;(isKnown ? this.#main : this.#small).push(held)
    this.#bytes += held.bytes
  }

  remove(held: Held): void {
    const { queue } = held
    if (queue === undefined) return
    queue.remove(held)
    if (queue !== this.#ghosts) this.#bytes -= held.bytes
  }

  #evict(now: number): void {
    for (;;) {
      const isFromSmall = this.#small.size * 10 > this.size || this.#main.size === 0
      const queue = isFromSmall ? this.#small : this.#main
      const held = queue.oldest
      if (held === undefined) return
      queue.remove(held)
      const isOver = held.endsAt <= now
      if (held.reads > 0 && !isOver) {
        held.reads = isFromSmall ? 0 : held.reads - 1
        this.#main.push(held)
        continue
      }
      this.#bytes -= held.bytes
      const isGhost = isFromSmall && !isOver
      held.evicted(isGhost)
      if (isGhost) this.#ghosts.push(held)
      if (this.#ghosts.size > this.size) this.#forgetGhost()
      return
    }
  }

  #forgetGhost(): void {
    const ghost = this.#ghosts.oldest
    if (ghost === undefined) return
    this.#ghosts.remove(ghost)
    ghost.evicted(false)
  }
}
