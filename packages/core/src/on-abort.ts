/** Hears that a signal was aborted. It must not throw. */
export interface AbortListener {
  aborted(): void
}

/**
 * Listeners of signals, however many, as one listener of the signal: Node takes more than ten on one for a leak, and
 * says so to the user, who shared his signal in good faith. They are called in the order in which they came, within the
 * call that aborts, and those that are removed meanwhile are not. Who listens asks for `signal.aborted` first.
 */
export function listenForAbort(signal: AbortSignal, listener: AbortListener): void {
  const crowd = crowds.get(signal)
  if (crowd !== undefined) crowd.add(listener)
  else crowds.set(signal, new Crowd(signal, listener))
}

/** Nothing happens when it does not listen. When nobody listens any more, nothing is left on the signal. */
export function stopListening(signal: AbortSignal, listener: AbortListener): void {
  if (crowds.get(signal)?.remove(listener) === true) crowds.delete(signal)
}

const crowds = new WeakMap<AbortSignal, Crowd>()

class Crowd {
  readonly #signal: AbortSignal
  /** Most signals are one caller's own: a set for each would cost more than all the rest. */
  #only: AbortListener | undefined
  #all: Set<AbortListener> | undefined

  constructor(signal: AbortSignal, first: AbortListener) {
    this.#signal = signal
    this.#only = first
    signal.addEventListener('abort', this)
  }

  add(listener: AbortListener): void {
    if (this.#all === undefined) {
      this.#all = new Set(this.#only === undefined ? [] : [this.#only])
      this.#only = undefined
    }
    this.#all.add(listener)
  }

  /** True when it was the last one. */
  remove(listener: AbortListener): boolean {
    if (this.#only === listener) this.#only = undefined
    this.#all?.delete(listener)
    if (this.#only !== undefined || (this.#all?.size ?? 0) > 0) return false
    this.#signal.removeEventListener('abort', this)
    return true
  }

  handleEvent(): void {
    this.#only?.aborted()
    for (const listener of this.#all ?? []) listener.aborted()
  }
}
