/** The last events of a run as JSON, each by its place in the stream. */
export interface Ring {
  /** Of the last event; 0 before the first. */
  readonly last: () => number
  /** Keeps the event that follows, and forgets the oldest when the ring is full. */
  readonly push: (json: string) => void
  /** Those behind this place, at most so many. Undefined: the ring has not all of them, or not that place. */
  readonly after: (seq: number, most: number) => readonly string[] | undefined
}

export function createRing(capacity: number): Ring {
  const kept: string[] = []
  let last = 0
  return {
    last: () => last,
    push(json) {
      kept[last % capacity] = json
      last += 1
    },
    after(seq, most) {
      if (seq > last || seq < last - kept.length) return undefined
      const count = Math.min(most, last - seq)
      return Array.from({ length: count }, (_, index) => kept[(seq + index) % capacity] ?? '')
    },
  }
}
