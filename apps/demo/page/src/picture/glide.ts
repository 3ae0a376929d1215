/** What the picture shows: how much time, and the moment at its right edge. */
export interface Glimpse {
  readonly span: number
  readonly right: number
}

/** Where a glide stands. */
export interface Gliding {
  readonly span: number
  /** What stood at the right edge when it began; null: no glide is on. */
  readonly from: number | null
  /** From 0 to 1: how near the right edge is to where it goes. */
  readonly share: number
}

/** Goes from one zoom to the next in a while. A view that only moves does so at once. */
export interface Glide {
  /**
   * @param choice what was chosen: another one begins a glide
   * @param span what that comes to
   */
  readonly at: (choice: number | null, span: number, time: number) => Gliding
  /** What is shown now, from where a glide would begin. */
  readonly note: (shown: Glimpse) => void
  /** The view that comes next is shown at once: the visitor waits for it. */
  readonly finish: () => void
}

/** @param lengthMs 0: the visitor does not want to see things move */
export function createGlide(lengthMs: () => number): Glide {
  let chosen: number | null | undefined
  let shown: Glimpse | undefined
  let from: Glimpse | undefined
  let beganAt = 0
  return {
    at(choice, span, time) {
      if (chosen !== undefined && choice !== chosen && shown !== undefined) {
        from = shown
        beganAt = time
      }
      chosen = choice
      const part = lengthMs() === 0 ? 1 : (time - beganAt) / lengthMs()
      if (part >= 1) from = undefined
      if (from === undefined) return { span, from: null, share: 1 }
      const share = 1 - (1 - part) ** 3
      return { span: from.span * (span / from.span) ** share, from: from.right, share }
    },
    note: (now) => void (shown = now),
    finish() {
      from = undefined
      chosen = undefined
    },
  }
}
