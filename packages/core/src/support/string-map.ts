/**
 * A map by text, for what comes and goes as often as in a `DenseSet`: a `Map` whose values lie in cells, which are
 * emptied when they leave. V8 grows a new table for a map every few dozen insertions; the outgrown tables keep alive what
 * was in them until the next full collection, and so that is next to nothing.
 */
export class StringMap<T> {
  readonly #cells = new Map<string, { value: T | undefined }>()

  get size(): number {
    return this.#cells.size
  }

  get(key: string): T | undefined {
    return this.#cells.size === 0 ? undefined : this.#cells.get(key)?.value
  }

  set(key: string, value: T): void {
    const cell = this.#cells.get(key)
    if (cell === undefined) this.#cells.set(key, { value })
    else cell.value = value
  }

  delete(key: string): void {
    const cell = this.#cells.get(key)
    if (cell === undefined) return
    cell.value = undefined
    this.#cells.delete(key)
  }

  /** The values of this moment: others may come and go meanwhile. */
  values(): T[] {
    return [...this.#cells.values()].flatMap(({ value }) => (value === undefined ? [] : [value]))
  }
}
