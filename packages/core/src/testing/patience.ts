/** How long anything may take that the kit waits for: a moment, but for a machine that has much else to do. */
const PATIENCE_MS = 120_000

/** Asks until it holds. What never does is a failure, not a test without end. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** What a listener heard, and a way to wait for more. What never comes is a failure, not a test without end. */
export class Heard<T> {
  readonly all: T[] = []
  #wake = (): void => undefined

  add(one: T): void {
    this.all.push(one)
    this.#wake()
  }

  /** Resolves when it holds of all that was heard, at once where it does already. For one caller at a time. */
  async until(holds: (all: readonly T[]) => boolean): Promise<void> {
    while (!holds(this.all)) await this.#more()
  }

  async #more(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve
      const tooLate = (): void =>
        reject(new Error(`nothing more was heard within ${PATIENCE_MS} ms after ${JSON.stringify(this.all)}`))
      timer = setTimeout(tooLate, PATIENCE_MS)
    }).finally(() => clearTimeout(timer))
  }
}
