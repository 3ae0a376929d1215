import { StorageUnavailableError } from '../errors.ts'
import { MOST_GRACE_MS } from '../support/pending-request.ts'
import type { Runtime } from '../support/runtime.ts'
import { type TimerEntry, TimerQueue } from '../support/timer-queue.ts'

/** What an outage costs a caller, all its commands to the storage together; and then nothing, because of the breaker. */
export const STORAGE_TIMEOUT_MS = 250

/** Work that can tell whether its caller has got an error meanwhile. */
export type Limitable<T> = (hasGivenUp: () => boolean) => Promise<T>

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
  keep<T>(startedAt: number, work: Promise<T> | Limitable<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const limited = new Limited(this.#runtime, this.#pending, startedAt + STORAGE_TIMEOUT_MS, reject)
      const begun = typeof work === 'function' ? work(() => limited.hasGivenUp) : work
      begun.then(
        (result) => {
          limited.end()
          resolve(result)
        },
        (error: unknown) => {
          limited.end()
          reject(error as Error)
        },
      )
    })
  }

  close(): void {
    this.#pending.close()
  }
}

class Limited implements TimerEntry {
  index = -1
  dueAt: number
  readonly #runtime: Runtime
  readonly #pending: TimerQueue<Limited>
  #isLast = false
  #hasEnded = false
  hasGivenUp = false
  readonly #reject: (error: Error) => void

  constructor(runtime: Runtime, pending: TimerQueue<Limited>, dueAt: number, reject: (error: Error) => void) {
    this.#runtime = runtime
    this.#pending = pending
    this.dueAt = dueAt
    this.#reject = reject
    pending.set(this)
  }

  end(): void {
    this.#hasEnded = true
    this.#pending.remove(this)
  }

  /** Judged as one command is: after the replies that have arrived, and with the same grace for a blocked event loop. */
  onDue(): void {
    const graceMs = this.#isLast ? 0 : Math.min(MOST_GRACE_MS, this.#runtime.monotonicNow() - this.dueAt)
    this.#isLast = true
    this.#judgeAt(Infinity)
    this.#runtime.afterReplies(() => {
      if (this.#hasEnded) return
      if (graceMs >= 1) this.#judgeAt(this.#runtime.monotonicNow() + graceMs)
      else this.#giveUp()
    })
  }

  #giveUp(): void {
    this.hasGivenUp = true
    this.#reject(tooSlow())
  }

  #judgeAt(at: number): void {
    this.dueAt = at
    this.#pending.set(this)
  }
}

function tooSlow(): StorageUnavailableError {
  return new StorageUnavailableError(
    `The storage did not answer all that the call asked it within ${STORAGE_TIMEOUT_MS} ms.`,
    { maybeApplied: true },
  )
}
