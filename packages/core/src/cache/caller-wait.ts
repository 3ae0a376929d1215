import type { Namespace } from './engine.ts'
import type { Wait } from './waits.ts'

/** How long one caller has waited for loads of other processes, and for which one it waits. */
export class CallerWait {
  readonly #space: Namespace
  readonly #key: string
  readonly #waitMs: number
  #until: number | undefined
  #wait: Wait | undefined
  #guardKey: string | undefined

  constructor(space: Namespace, key: string, waitMs: number) {
    this.#space = space
    this.#key = key
    this.#waitMs = waitMs
  }

  /** The wait that it is in. */
  get current(): Wait | undefined {
    return this.#wait
  }

  get hasBegun(): boolean {
    return this.#until !== undefined
  }

  get leftMs(): number {
    return (this.#until ?? Infinity) - this.#space.engine.runtime.monotonicNow()
  }

  get isOver(): boolean {
    return this.leftMs <= 0
  }

  enter(guardKey: string): Wait {
    const { runtime, waits } = this.#space.engine
    if (this.#until === undefined) {
      this.#until = runtime.monotonicNow() + this.#waitMs
      this.#space.count('waits')
      this.#space.publish(() => ({ key: this.#key, type: 'waits' }))
    }
    // What the others hold may be the key itself, and later the key beside it.
    if (this.#wait === undefined || this.#guardKey !== guardKey) {
      this.#wait?.leave()
      this.#wait = waits.enter(guardKey)
      this.#guardKey = guardKey
    }
    return this.#wait
  }

  leave(): void {
    this.#wait?.leave()
  }
}
