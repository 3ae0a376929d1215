/** What a reader saw: the number that a read returned which began at `at`. Instants are of one clock for all processes. */
export interface Read {
  readonly key: number
  readonly number: number
  readonly at: number
}

/** How old what was read was, in milliseconds: since when a newer number had been acknowledged. */
export class Judge {
  /** For each key, when which number was acknowledged, in ascending order of both. */
  readonly #acknowledged = new Map<number, { readonly number: number; readonly at: number }[]>()
  readonly #ages: number[] = []
  reads = 0

  acknowledged(key: number, number: number, at: number): void {
    const all = this.#acknowledged.get(key)
    if (all === undefined) this.#acknowledged.set(key, [{ number, at }])
    else all.push({ number, at })
  }

  /** The age of one read; 0 for one that was not old. */
  age({ key, number, at }: Read): number {
    const all = this.#acknowledged.get(key) ?? []
    let low = 0
    let high = all.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((all[middle]?.number ?? 0) > number) high = middle
      else low = middle + 1
    }
    const newer = all[low]
    return newer === undefined ? 0 : Math.max(0, at - newer.at)
  }

  read(read: Read): void {
    this.reads += 1
    const age = this.age(read)
    if (age > 0) this.#ages.push(age)
  }

  /** What was acknowledged last. */
  last(key: number): number {
    return this.#acknowledged.get(key)?.at(-1)?.number ?? 0
  }

  get report(): { readonly old: number; readonly p50: number; readonly p99: number; readonly max: number } {
    const ages = this.#ages.sort((a, b) => a - b)
    const at = (part: number): number => ages[Math.floor(part * (ages.length - 1))] ?? 0
    return { old: ages.length, p50: at(0.5), p99: at(0.99), max: at(1) }
  }
}
