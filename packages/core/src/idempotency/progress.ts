import { hasCode } from '../errors.ts'
import { checkBoolean, checkNumber, checkString } from '../support/checks.ts'
import { type OptionTable, resolveOptions } from '../support/option-table.ts'
import type { Runtime, Timer } from '../support/runtime.ts'
import type { ProgressOptions } from './execution-context.ts'
import type { Progress } from './record.ts'
import { MAX_TEXT_BYTES, truncateUtf8 } from './stored-error.ts'

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const PROGRESS: OptionTable<ProgressOptions> = { allowDecrease: [checkBoolean, false] }

/**
 * The progress that a body shows, thinned out to one write at a time and one an interval. The last one shown is never
 * dropped: it stays pending until a write has taken it.
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

  /** `write` stores what it {@link take}s. */
  constructor(runtime: Runtime, intervalMs: number, write: () => Promise<void>) {
    this.#runtime = runtime
    this.#intervalMs = intervalMs
    this.#write = write
  }

  /** Resolves when it is written, or when it will be with a later write. Rejects only when the execution is lost. */
  async show(percentage: number, message?: string, { allowDecrease }: ProgressOptions = {}): Promise<void> {
    this.#shown = {
      percentage: allowDecrease ? percentage : Math.max(percentage, this.#shown.percentage),
      message: message === undefined ? undefined : truncateUtf8(message, MAX_TEXT_BYTES),
    }
    this.#pending = this.#shown
    if (this.#timer === undefined && !this.#isWriting) await this.#writeWhenDue()
  }

  /** The progress that the next write has to store, no matter what else that write is for. A write that fails {@link restore}s it. */
  take(): Progress | undefined {
    const pending = this.#pending
    this.#pending = undefined
    return pending
  }

  restore(progress: Progress | undefined): void {
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
      // The signal reports a loss that is found here.
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
    } catch (error) {
      if (hasCode(error, 'LEASE_LOST')) throw error
    } finally {
      this.#isWriting = false
    }
    // Shown meanwhile. What could not be written goes out with the next progress, with the renewal or with the end.
    const later = this.#pending as Progress | undefined
    if (later !== undefined && later !== shown) this.#writeWhenDue().catch(() => undefined)
  }
}

export function checkProgress(percentage: number, message?: string, options?: ProgressOptions): void {
  checkNumber('percentage', percentage, 0, 100)
  if (message !== undefined) checkString('message', message)
  if (options !== undefined) resolveOptions(PROGRESS, options)
}
