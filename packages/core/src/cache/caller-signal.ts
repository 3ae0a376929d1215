import { WaitAbortedError } from '../errors.ts'
import { listenForAbort, stopListening } from '../support/on-abort.ts'

/** The signal of one caller: it ends this caller's waits, and nobody else's. */
export class CallerSignal {
  readonly #signal: AbortSignal | undefined
  readonly #key: string

  constructor(signal: AbortSignal | undefined, key: string) {
    this.#signal = signal
    this.#key = key
  }

  /** @throws WaitAbortedError when it is aborted */
  check(): void {
    if (this.#signal?.aborted === true) throw this.#error(this.#signal)
  }

  /** @throws WaitAbortedError as soon as it is aborted; what `work` throws otherwise */
  async or<T>(work: Promise<T>): Promise<T> {
    const signal = this.#signal
    if (signal === undefined) return await work
    this.check()
    let listener!: { aborted(): void }
    const aborted = new Promise<never>((_, reject) => {
      listener = { aborted: () => reject(this.#error(signal)) }
      listenForAbort(signal, listener)
    })
    try {
      return await Promise.race([work, aborted])
    } finally {
      stopListening(signal, listener)
    }
  }

  #error(signal: AbortSignal): WaitAbortedError {
    return new WaitAbortedError(`the value of ${JSON.stringify(this.#key)}`, { cause: signal.reason })
  }
}
