import { WaitAbortedError } from '../errors.ts'
import { listenForAbort, stopListening } from '../support/on-abort.ts'

/** The signal of one caller: it ends this caller's waits, and no other caller's. */
export class CallerSignal {
  static readonly #none = new CallerSignal(undefined, '')
  readonly #signal: AbortSignal | undefined
  readonly #key: string

  private constructor(signal: AbortSignal | undefined, key: string) {
    this.#signal = signal
    this.#key = key
  }

  /** One for all callers who give none. */
  static of(signal: AbortSignal | undefined, key: string): CallerSignal {
    return signal === undefined ? CallerSignal.#none : new CallerSignal(signal, key)
  }

  get isGiven(): boolean {
    return this.#signal !== undefined
  }

  /** @throws WaitAbortedError when it is aborted */
  check(): void {
    if (this.#signal?.aborted === true) throw this.#error(this.#signal)
  }

  /** @throws WaitAbortedError as soon as it is aborted; what `work` throws otherwise */
  or<T>(work: Promise<T>): Promise<T> {
    return this.#signal === undefined ? work : this.#or(this.#signal, work)
  }

  async #or<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
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
