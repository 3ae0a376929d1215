/** A copy that may be hot. */
export interface Coolable {
  readonly payload: { readonly length: number }
  /** It makes its value from its text again. */
  cool(): void
}

/**
 * Copies that were read again and again, and keep beside their text what was made of it: copying that takes a fifth of the time that
 * making it anew takes. Objects take several times their text, so there are only as many as their texts have `maxCharacters`. Where
 * one more does not fit, all begin anew: what is still being read is back with its second hit.
 */
export class HotCopies {
  readonly #maxCharacters: number
  readonly #copies = new Set<Coolable>()
  #characters = 0

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters
  }

  /** Whether there is, once others have left. */
  hasRoomFor(copy: Coolable): boolean {
    return copy.payload.length <= this.#maxCharacters
  }

  add(copy: Coolable): void {
    const { length } = copy.payload
    if (this.#characters + length > this.#maxCharacters) this.#clear()
    this.#copies.add(copy)
    this.#characters += length
  }

  /** It is not kept any more, or needs no more room. */
  delete(copy: Coolable): void {
    if (this.#copies.delete(copy)) this.#characters -= copy.payload.length
  }

  #clear(): void {
    for (const copy of this.#copies) copy.cool()
    this.#copies.clear()
    this.#characters = 0
  }
}
