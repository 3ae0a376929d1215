import type { Namespace } from './engine.ts'
import type { CallPolicy } from './options.ts'
import type { Wait } from './waits.ts'

/** How long one caller has waited for loads of other processes, and for which one it waits. */
export class CallerWait {
  readonly #space: Namespace
  readonly #key: string
  readonly #policy: Pick<CallPolicy, 'waitMs' | 'softTimeoutMs'>
  #until: number | undefined
  #softUntil = Infinity
  #wait: Wait | undefined
  #guardKey: string | undefined

  constructor(space: Namespace, key: string, policy: Pick<CallPolicy, 'waitMs' | 'softTimeoutMs'>) {
    this.#space = space
    this.#key = key
    this.#policy = policy
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

  /** How long until an old value is the answer, if there is one. */
  get softLeftMs(): number {
    return this.#softUntil - this.#space.engine.runtime.monotonicNow()
  }

  get isOver(): boolean {
    return this.leftMs <= 0
  }

  enter(guardKey: string): Wait {
    const { runtime, waits } = this.#space.engine
    if (this.#until === undefined) {
      const { waitMs, softTimeoutMs = Infinity } = this.#policy
      const now = runtime.monotonicNow()
      this.#until = now + waitMs
      this.#softUntil = now + softTimeoutMs
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
