/** Called when a signal is aborted. It must not throw. */
export interface AbortListener {
  aborted(): void
}

/**
 * Any number of listeners of a signal as one of its listeners: Node takes more than ten on one signal for a leak, and
 * warns the user, who did nothing wrong by sharing it. They are called in the order in which they came, within the call
 * that aborts; one that is removed meanwhile is not called. Look at `signal.aborted` first.
 */
export function listenForAbort(signal: AbortSignal, listener: AbortListener): void {
  const shared = sharedListeners.get(signal)
  if (shared !== undefined) shared.add(listener)
  else sharedListeners.set(signal, new SharedAbortListener(signal, listener))
}

/** Does nothing for one that does not listen. With the last one, ours leaves the signal, too. */
export function stopListening(signal: AbortSignal, listener: AbortListener): void {
  if (sharedListeners.get(signal)?.remove(listener) === true) sharedListeners.delete(signal)
}

const sharedListeners = new WeakMap<AbortSignal, SharedAbortListener>()

class SharedAbortListener {
  readonly #signal: AbortSignal
  /** Most signals belong to one caller: a set for each would cost more than all the rest. */
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
