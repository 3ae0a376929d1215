/** Calls the listeners of a key in a later turn, as a server would. */
export class Listeners<T> {
  readonly #byName = new Map<string, Set<(message: T) => void>>()

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  add(name: string, listener: (message: T) => void): () => Promise<void> {
    // Each call is a listener, also of a function that listens already.
    const own = (message: T): void => {
      if (this.#byName.get(name)?.has(own)) listener(message)
    }
    const all = this.#byName.get(name) ?? new Set()
    this.#byName.set(name, all.add(own))
    return async () => {
      all.delete(own)
      if (all.size === 0 && this.#byName.get(name) === all) this.#byName.delete(name)
    }
  }

  publish(name: string, message: T): void {
    for (const listener of this.#byName.get(name) ?? []) queueMicrotask(() => listener(message))
  }
}
