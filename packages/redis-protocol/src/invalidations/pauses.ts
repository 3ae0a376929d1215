const FIRST_MS = 25
const LONGEST_MS = 30_000

/** How long to wait before each attempt to open a link: twice as long each time, and in each process another time. */
export class Pauses {
  #attempts = 0

  next(): number {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempts)
    this.#attempts += 1
    return longest * (0.5 + Math.random() / 2)
  }

  /** A link has lasted: the next attempt follows at once. */
  reset(): void {
    this.#attempts = 0
  }
}
