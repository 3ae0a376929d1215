/** Entries of one chunk; a change copies the chunk that it is in. */
const CHUNK_BITS = 8
const CHUNK = 1 << CHUNK_BITS

type Entry<Value> = readonly [key: string, value: Value]
type Chunk<Value> = (Entry<Value> | undefined)[]

/** Where each key is. All versions of a table share it, as long as each is made of the newest one. */
interface Places {
  readonly of: Map<string, number>
  /** The first that no version has used. */
  next: number
}

/**
 * A map in order of arrival of which versions cost little: a copy shares all that does not change, so that a fold of twenty
 * events into thousands of calls copies some hundred of them. Who has a version sees it as it was.
 */
export class Table<Value> implements ReadonlyMap<string, Value> {
  #places: Places = { of: new Map(), next: 0 }
  #chunks: Chunk<Value>[] = []
  /** Chunks that no other version has. */
  #own = new Set<Chunk<Value>>()
  #end = 0
  #size = 0

  /** A separate version, which may be changed. */
  static of<Value>(before: ReadonlyMap<string, Value>): Table<Value> {
    const table = new Table<Value>()
    if (before instanceof Table) table.#share(before as Table<Value>)
    else for (const [key, value] of before) table.set(key, value)
    return table
  }

  #share(before: Table<Value>): void {
    // Another version went on from there, or more is gone than there is: this one begins anew.
    if (before.#places.next !== before.#end || before.#end > 2 * before.#size + CHUNK) {
      for (const [key, value] of before) this.set(key, value)
      return
    }
    this.#places = before.#places
    this.#chunks = [...before.#chunks]
    this.#end = before.#end
    this.#size = before.#size
  }

  get size(): number {
    return this.#size
  }

  #entry(key: string): Entry<Value> | undefined {
    const place = this.#places.of.get(key)
    return place === undefined ? undefined : this.#chunks[place >> CHUNK_BITS]?.[place & (CHUNK - 1)]
  }

  get(key: string): Value | undefined {
    return this.#entry(key)?.[1]
  }

  has(key: string): boolean {
    return this.#entry(key) !== undefined
  }

  set(key: string, value: Value): void {
    const known = this.#places.of.get(key)
    if (known === undefined) {
      this.#places.of.set(key, this.#end)
      this.#end += 1
      this.#places.next = this.#end
    }
    if (!this.has(key)) this.#size += 1
    this.#put(known ?? this.#end - 1, [key, value])
  }

  delete(key: string): void {
    const place = this.#places.of.get(key)
    if (place === undefined || !this.has(key)) return
    this.#put(place, undefined)
    this.#size -= 1
  }

  #put(place: number, entry: Entry<Value> | undefined): void {
    const at = place >> CHUNK_BITS
    let chunk = this.#chunks[at] ?? []
    if (!this.#own.has(chunk)) {
      chunk = [...chunk]
      this.#own.add(chunk)
      this.#chunks[at] = chunk
    }
    chunk[place & (CHUNK - 1)] = entry
  }

  *entries(): MapIterator<[string, Value]> {
    for (const chunk of this.#chunks) {
      for (const entry of chunk) if (entry !== undefined) yield [entry[0], entry[1]]
    }
  }

  *keys(): MapIterator<string> {
    for (const chunk of this.#chunks) for (const entry of chunk) if (entry !== undefined) yield entry[0]
  }

  *values(): MapIterator<Value> {
    for (const chunk of this.#chunks) for (const entry of chunk) if (entry !== undefined) yield entry[1]
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries()
  }

  /** The fastest way through all of it. */
  forEach(callback: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const chunk of this.#chunks) {
      for (const entry of chunk) if (entry !== undefined) callback(entry[1], entry[0], this)
    }
  }
}
