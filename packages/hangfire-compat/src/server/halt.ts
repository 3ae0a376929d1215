/** Says that something is over, and ends the pauses of all that wait meanwhile. A signal would take many listeners for a leak. */
export class Halt {
  readonly #pauses = new Set<() => void>()
  #isOver = false

  get isOver(): boolean {
    return this.#isOver
  }

  end(): void {
    this.#isOver = true
    for (const resolve of this.#pauses) resolve()
  }

  /** What `work` comes to, or undefined if this is over before. */
  async race<T>(work: Promise<T>): Promise<T | undefined> {
    let end = (): void => {}
    const over = new Promise<undefined>((resolve) => {
      end = () => resolve(undefined)
    })
    if (this.#isOver) end()
    else this.#pauses.add(end)
    try {
      return await Promise.race([work, over])
    } finally {
      this.#pauses.delete(end)
    }
  }

  /** Ends after `ms`, or when it is over. Its timer is gone then. */
  pause(ms: number): Promise<void> {
    if (this.#isOver) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#pauses.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#pauses.add(end)
    })
  }
}
