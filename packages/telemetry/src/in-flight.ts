/** Things that go on, by a label, each with the instant at which it began. */
export class InFlight {
  readonly #groups = new Map<string, Map<string, number>>()

  /** A label stays known once it was seen, so that its gauge falls to 0 and does not vanish. */
  begin(label: string, id: string, since: number): void {
    let group = this.#groups.get(label)
    if (group === undefined) this.#groups.set(label, (group = new Map()))
    group.set(id, since)
  }

  has(label: string, id: string): boolean {
    return this.#groups.get(label)?.has(id) === true
  }

  /** False where it was not known to go on. */
  end(label: string, id: string): boolean {
    return this.#groups.get(label)?.delete(id) === true
  }

  /** Of each label: how many go on, and for how long the oldest has, in seconds. */
  *read(now: number): Iterable<{ readonly label: string; readonly count: number; readonly oldest: number }> {
    for (const [label, group] of this.#groups) {
      let since = now
      for (const each of group.values()) if (each < since) since = each
      yield { label, count: group.size, oldest: (now - since) / 1_000 }
    }
  }
}

/** Things that go on, by a label, where an event says at the end how long it was. */
export class Counted {
  readonly #counts = new Map<string, number>()
  readonly #from: number

  /** `from`: what began before that was not seen to begin, and its end counts nothing. */
  constructor(from: number) {
    this.#from = from
  }

  begin(label: string): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1)
  }

  end(label: string, began: number): void {
    const count = this.#counts.get(label) ?? 0
    if (began >= this.#from && count > 0) this.#counts.set(label, count - 1)
  }

  read(): Iterable<[label: string, count: number]> {
    return this.#counts
  }
}
