/** A generation that copies count under, as it was read last. */
export class Cell {
  readonly key: string
  readonly generation: string
  /** No change of it has been reported since it was read. */
  isProven = true
  /** How many copies count under it. */
  uses = 0

  constructor(key: string, generation: string) {
    this.key = key
    this.generation = generation
  }
}

/**
 * The generations that copies count under. A report does not end the copies: prolonging a generation's life is reported as
 * well. It makes the generation unproven. The next read of any entry under it reads it anyway: if it is the same, all copies
 * under it count again, and if it is another, none ever will.
 */
export class Cells {
  readonly #cells = new Map<string, Cell>()
  /** How often a generation was reported. One that was read meanwhile proves nothing. */
  reports = 0

  get size(): number {
    return this.#cells.size
  }

  /** It was read, and nothing has been reported of any since the read began. */
  prove(key: string, generation: string): Cell {
    let cell = this.#cells.get(key)
    if (cell?.generation !== generation) {
      if (cell !== undefined) cell.isProven = false
      this.#cells.set(key, (cell = new Cell(key, generation)))
    }
    cell.isProven = true
    return cell
  }

  doubt(key: string): void {
    this.reports += 1
    const cell = this.#cells.get(key)
    if (cell !== undefined) cell.isProven = false
  }

  /** A copy under it has gone. */
  release(cell: Cell): void {
    cell.uses -= 1
    if (cell.uses === 0 && this.#cells.get(cell.key) === cell) this.#cells.delete(cell.key)
  }
}
