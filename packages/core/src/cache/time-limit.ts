import { StorageUnavailableError } from '../errors.ts'
import type { Runtime } from '../support/runtime.ts'
import { type TimerEntry, TimerQueue } from '../support/timer-queue.ts'

/** What an outage costs a caller, all its commands to the storage together; and then nothing, because of the breaker. */
export const STORAGE_TIMEOUT_MS = 250

/**
 * Ends calls that send more than one command, each of which has a deadline already, when all of them together have taken as
 * long as one may. A call of one command needs none.
 */
export class TimeLimit {
  readonly #runtime: Runtime
  readonly #pending: TimerQueue<Limited>

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#pending = new TimerQueue(runtime, { background: false })
  }

  /** `startedAt`: when its caller began to wait for the storage. @throws StorageUnavailableError when the time is over */
  async keep<T>(startedAt: number, work: Promise<T>): Promise<T> {
    const limited = new Limited(this.#runtime, startedAt + STORAGE_TIMEOUT_MS)
    this.#pending.set(limited)
    limited.onOver = () => this.#pending.remove(limited)
    try {
      return await Promise.race([work, limited.over])
    } finally {
      this.#pending.remove(limited)
    }
  }

  close(): void {
    this.#pending.close()
  }
}

class Limited implements TimerEntry {
  index = -1
  readonly dueAt: number
  readonly over: Promise<never>
  onOver!: () => void
  readonly #runtime: Runtime
  #reject!: (error: Error) => void

  constructor(runtime: Runtime, dueAt: number) {
    this.#runtime = runtime
    this.dueAt = dueAt
    this.over = new Promise((_, reject) => (this.#reject = reject))
    this.over.catch(() => undefined)
  }

  onDue(): void {
    this.onOver()
    // Judged after the replies that have arrived were read.
    this.#runtime.afterReplies(() =>
      this.#reject(
        new StorageUnavailableError(
          `The storage did not answer all that the call asked it within ${STORAGE_TIMEOUT_MS} ms.`,
          { maybeApplied: true },
        ),
      ),
    )
  }
}
