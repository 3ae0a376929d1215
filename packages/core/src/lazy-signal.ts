import type { HoldfastError } from './errors.ts'

/** An abort signal that is made when it is first asked for: most work is too short for anybody to ask. */
export class LazySignal {
  #controller: AbortController | undefined
  #reason: HoldfastError | undefined

  /** Why it is, or would be, aborted. */
  get reason(): HoldfastError | undefined {
    return this.#reason
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** The first reason stays. */
  abort(reason: HoldfastError): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}
