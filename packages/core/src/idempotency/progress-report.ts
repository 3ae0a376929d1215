import { checkNumber, checkString } from '../support/checks.ts'
import type { Runtime, Timer } from '../support/runtime.ts'
import { MAX_NOTE_BYTES, clip } from './clip.ts'
import type { ProgressOptions } from './execution-context.ts'
import type { Progress } from './record.ts'

/**
 * What a body shows of its progress, thinned out to one write at a time and one an interval. The last one shown is
 * never dropped: it stays pending until a write has taken it.
 */
export class ProgressReport {
  readonly #runtime: Runtime
  readonly #intervalMs: number
  readonly #write: () => Promise<void>
  #shown: Progress = { percentage: 0 }
  #pending: Progress | undefined
  #writtenAt = -Infinity
  #isWriting = false
  #timer: Timer | undefined
  #stopped = false

  /** `write` stores what {@link take} gives it; it rejects only when there is nothing to write to any more. */
  constructor(runtime: Runtime, intervalMs: number, write: () => Promise<void>) {
    this.#runtime = runtime
    this.#intervalMs = intervalMs
    this.#write = write
  }

  /** Resolves when it is written, or when it will be with a later write. */
  async show(percentage: number, message?: string, { allowDecrease }: ProgressOptions = {}): Promise<void> {
    this.#shown = {
      percentage: allowDecrease ? percentage : Math.max(percentage, this.#shown.percentage),
      message: message === undefined ? undefined : clip(message, MAX_NOTE_BYTES),
    }
    this.#pending = this.#shown
    if (this.#timer === undefined && !this.#isWriting) await this.#writeWhenDue()
  }

  /** What has to be written, for whichever write comes next; it must be given back if that fails. */
  take(): Progress | undefined {
    const pending = this.#pending
    this.#pending = undefined
    return pending
  }

  giveBack(progress: Progress | undefined): void {
    this.#pending ??= progress
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #writeWhenDue(): Promise<void> {
    if (this.#stopped) return
    const waitMs = this.#writtenAt + this.#intervalMs - this.#runtime.monotonicNow()
    if (waitMs <= 0) return this.#writeNow()
    this.#timer = this.#runtime.setTimer(waitMs, () => {
      this.#timer = undefined
      // A loss found here is told by the signal.
      this.#writeNow().catch(() => undefined)
    })
  }

  async #writeNow(): Promise<void> {
    if (this.#pending === undefined) return
    const shown = this.#pending
    this.#writtenAt = this.#runtime.monotonicNow()
    this.#isWriting = true
    try {
      await this.#write()
    } finally {
      this.#isWriting = false
    }
    // Shown meanwhile. What could not be written goes out with the next progress, with the renewal or with the end.
    const later = this.#pending as Progress | undefined
    if (later !== undefined && later !== shown) this.#writeWhenDue().catch(() => undefined)
  }
}

export function checkProgress(percentage: number, message: string | undefined): void {
  checkNumber('percentage', percentage, 0, 100)
  if (message !== undefined) checkString('message', message)
}
