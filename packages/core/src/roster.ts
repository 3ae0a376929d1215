/** Something that is on at most one roster at a time. */
export interface Listed {
  /** Its place there, kept by the roster; -1 when it is on none. */
  place: number
}

/**
 * Members in no particular order, for what comes and goes tens of thousands of times a second. A `Set` would do, but
 * V8 grows a new table for one every few dozen insertions, and the outgrown ones keep all that was in them alive until
 * the next full collection: it took 40 % of the time of an uncontended lock.
 */
export class Roster<T extends Listed> implements Iterable<T> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: T): void {
    if (member.place >= 0) return
    member.place = this.#members.length
    this.#members.push(member)
  }

  delete(member: T): void {
    const { place } = member
    if (this.#members[place] !== member) return
    const last = this.#members.pop()
    member.place = -1
    if (last === undefined || last === member) return
    this.#members[place] = last
    last.place = place
  }

  has(member: T): boolean {
    return this.#members[member.place] === member
  }

  /** Those who are on it now: members may come and go meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#members][Symbol.iterator]()
  }
}
