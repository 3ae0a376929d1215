import type { Namespace } from './engine.ts'

/** Counts and publishes what the first look of one call found; what its later looks find is no hit and no miss. */
export class FirstLook {
  readonly #space: Namespace
  readonly #key: string
  #isOver: boolean

  /** `isOver`: the call that this one is part of has counted it. */
  constructor(space: Namespace, key: string, isOver = false) {
    this.#space = space
    this.#key = key
    this.#isOver = isOver
  }

  found(type: 'hit' | 'staleHit' | 'memoryHit' | 'miss'): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#space.count(type === 'miss' ? 'misses' : 'hits')
    if (type === 'staleHit') this.#space.count('staleHits')
    if (type === 'memoryHit') this.#space.count('memoryHits')
    this.#space.publish(() => ({ key: this.#key, type }))
  }
}
