/**
 * Values by their text, for what comes and goes as often as on a `Roster`: a `Map` whose values lie in cells, which are
 * emptied when they leave. V8 grows a new table for a map every few dozen insertions; the outgrown ones keep alive what
 * was in them until the next full collection, and so it is next to nothing.
 */
export class Directory<T> {
  readonly #cells = new Map<string, { value: T | undefined }>()

  get size(): number {
    return this.#cells.size
  }

  get(text: string): T | undefined {
    return this.#cells.size === 0 ? undefined : this.#cells.get(text)?.value
  }

  set(text: string, value: T): void {
    this.delete(text)
    this.#cells.set(text, { value })
  }

  delete(text: string): void {
    const cell = this.#cells.get(text)
    if (cell === undefined) return
    cell.value = undefined
    this.#cells.delete(text)
  }

  /** Those that are in it now: values may come and go meanwhile. */
  values(): T[] {
    return [...this.#cells.values()].flatMap(({ value }) => (value === undefined ? [] : [value]))
  }
}
