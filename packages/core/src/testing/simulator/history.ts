/** One line of a history: what happened when, in which column. */
export interface HistoryEntry {
  /** True time, in milliseconds. */
  readonly at: number
  /** The index of a process, or `storage`. */
  readonly column: number | 'storage'
  readonly text: string
  /** It was done to the system, not by it. */
  readonly fault: boolean
}

/** What happened in one simulation. It is built only for a reader. */
export class History {
  readonly #entries: HistoryEntry[] = []
  readonly #now: () => number
  readonly recording: boolean

  constructor(now: () => number, recording: boolean) {
    this.#now = now
    this.recording = recording
  }

  get entries(): readonly HistoryEntry[] {
    return this.#entries
  }

  add(column: number | 'storage', text: () => string): void {
    if (this.recording) this.#entries.push({ at: this.#now(), column, text: text(), fault: false })
  }

  fault(column: number | 'storage', text: () => string): void {
    if (this.recording) this.#entries.push({ at: this.#now(), column, text: text(), fault: true })
  }
}
