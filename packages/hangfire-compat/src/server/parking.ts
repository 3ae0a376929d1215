/** Where workers wait that found nothing to do. */
export class Parking {
  readonly #parked: (() => void)[] = []
  #isWoken = false
  #isClosed = false

  /** Ends when it is woken, at once if a wake-up came while no worker waited: the worker may have looked before. */
  wait(): Promise<void> {
    if (this.#isClosed || this.#isWoken) {
      this.#isWoken = false
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#parked.push(resolve))
  }

  /** Wakes the one that has waited longest. One that finds a job wakes the next, so that no more look than there are jobs. */
  wake(): void {
    const next = this.#parked.shift()
    if (next === undefined) this.#isWoken = true
    else next()
  }

  /** Wakes all, and lets none wait any more. */
  close(): void {
    this.#isClosed = true
    for (const wake of this.#parked.splice(0)) wake()
  }
}
