/** What a label says where it has as many values as it may have. */
const OTHER = 'other'

/** Label values that an application names freely: each label keeps the first ones it sees, and the rest are `other`. */
export class BoundedLabels {
  readonly #most: number
  readonly #onFolded: (label: string) => void
  readonly #known = new Map<string, Set<string>>()

  /** `most`: values of one label. `onFolded` is called with the label each time that a value becomes `other`. */
  constructor(most: number, onFolded: (label: string) => void) {
    this.#most = most
    this.#onFolded = onFolded
  }

  of(label: string, value: string): string {
    let known = this.#known.get(label)
    if (known === undefined) this.#known.set(label, (known = new Set()))
    if (known.has(value)) return value
    if (known.size >= this.#most) {
      this.#onFolded(label)
      return OTHER
    }
    known.add(value)
    return value
  }
}
