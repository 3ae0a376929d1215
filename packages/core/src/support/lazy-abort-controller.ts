import { AsyncLocalStorage } from 'node:async_hooks'
import type { HoldfastError } from '../errors.ts'

/**
 * An abort controller that is made when its signal is first read: most work is too short for that. The listeners of the
 * signal run in the async context of the code that read it first, and not in that of the timer that aborts it.
 */
export class LazyAbortController {
  #controller: AbortController | undefined
  #reason: HoldfastError | undefined
  #inContext: ((abort: () => void) => void) | undefined

  /** Why it is, or would be, aborted. */
  get reason(): HoldfastError | undefined {
    return this.#reason
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      this.#inContext = AsyncLocalStorage.snapshot()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** The first reason stays. */
  abort(reason: HoldfastError): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#inContext?.(() => this.#controller?.abort(reason))
    this.#inContext = undefined
  }
}
