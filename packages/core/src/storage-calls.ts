import { ClosedError, HoldfastError, StorageUnavailableError } from './errors.ts'
import { type Instant, type Runtime, instant } from './runtime.ts'
import { StorageClock } from './storage-clock.ts'
import type { Storage } from './storage/storage.ts'

export interface StorageCallsOptions {
  /** How long one call may take, re-sending included. Default 2,000. */
  readonly callTimeoutMs?: number
  /** How many calls may wait for an answer or for a connection at a time. Default 10,000. */
  readonly maxPendingCalls?: number
}

/** A reply, and a moment that lies before every sending of its command: leases are counted from it. */
export interface Answered<T> {
  readonly reply: T
  readonly sentAt: Instant
}

/**
 * Every call of core to a storage goes through here, so that an outage costs a bounded time whatever the client
 * library does: a deadline of our own, nothing sent while there is no connection (a client's offline queue would
 * execute it minutes later), a cap on what waits, and a re-send when the connection broke, which the port's rules
 * make safe.
 */
export class StorageCalls {
  readonly storage: Storage
  readonly runtime: Runtime
  readonly clock: StorageClock
  readonly callTimeoutMs: number
  readonly #maxPending: number
  #pending = 0
  #closed = false

  constructor(storage: Storage, runtime: Runtime, options: StorageCallsOptions = {}) {
    const { callTimeoutMs = 2_000, maxPendingCalls = 10_000 } = options
    this.storage = storage
    this.runtime = runtime
    this.clock = new StorageClock(runtime)
    this.callTimeoutMs = callTimeoutMs
    this.#maxPending = maxPendingCalls
  }

  /**
   * Sends `command` until it is answered; rejects with {@link StorageUnavailableError} after `timeoutMs`. Nobody
   * awaits a background call, so it does not keep the process alive.
   */
  async call<T>(
    command: () => Promise<T>,
    timeoutMs: number = this.callTimeoutMs,
    options: { readonly background?: boolean } = {},
  ): Promise<Answered<T>> {
    if (this.#closed) throw new ClosedError('Holdfast')
    if (this.#pending >= this.#maxPending) {
      throw new StorageUnavailableError(
        `${this.#pending} calls already wait for the storage; this one was not sent. Raise maxPendingCalls or send less.`,
        { maybeApplied: false },
      )
    }
    this.#pending += 1
    try {
      return await this.#send(command, timeoutMs, options.background ?? false)
    } finally {
      this.#pending -= 1
    }
  }

  /**
   * Like {@link call}, for a claim: the command gets the `notAfter` that goes with the moment at which we give up.
   * A claim that was refused as late although that moment has not come (the clock was stepped) is sent once more.
   */
  async claim<T extends { readonly now: number }>(
    command: (notAfter: number) => Promise<T>,
    wasLate: (reply: T) => boolean,
    timeoutMs: number = this.callTimeoutMs,
  ): Promise<Answered<T> & { readonly notAfter: number }> {
    if (!this.clock.known) await this.time(timeoutMs)
    let notAfter = this.clock.earliest(timeoutMs)
    let answer = await this.call(() => command(notAfter), timeoutMs)
    this.clock.observe(answer.sentAt, answer.reply.now)
    if (wasLate(answer.reply)) {
      notAfter = this.clock.earliest(timeoutMs)
      answer = await this.call(() => command(notAfter), timeoutMs)
    }
    return { ...answer, notAfter }
  }

  /** The storage's clock now, in milliseconds. */
  async time(timeoutMs?: number): Promise<number> {
    const { reply, sentAt } = await this.call(() => this.storage.time(), timeoutMs)
    this.clock.observe(sentAt, reply)
    return reply
  }

  /** Refuses every later call. Those under way end by themselves. */
  close(): void {
    this.#closed = true
  }

  #send<T>(command: () => Promise<T>, timeoutMs: number, background: boolean): Promise<Answered<T>> {
    return new Promise((resolve, reject) => {
      let sentAt: Instant | undefined
      let maybeApplied = false
      let inFlight = false
      let settled = false
      let lastError: unknown
      let stopWaiting: (() => void) | undefined

      const settle = (finish: () => void): void => {
        if (settled) return
        settled = true
        deadline.cancel()
        stopWaiting?.()
        finish()
      }
      const attempt = (): void => {
        stopWaiting?.()
        stopWaiting = undefined
        if (settled) return
        if (this.storage.connection.state !== 'ready') return whenReady()
        const first = (sentAt ??= instant(this.runtime))
        inFlight = true
        command().then(
          (reply) => settle(() => resolve({ reply, sentAt: first })),
          (error: unknown) => {
            inFlight = false
            if (!isUnavailable(error)) return settle(() => reject(error as Error))
            lastError = error
            maybeApplied ||= error.maybeApplied
            pauseThen(attempt)
          },
        )
      }
      const whenReady = (): void => {
        stopWaiting = this.storage.connection.onChange((state) => {
          if (state === 'ready') attempt()
        })
      }
      // The client says that it is ready but fails: leave it a moment, differently long in every caller.
      const pauseThen = (next: () => void): void => {
        if (settled) return
        const pause = this.runtime.setTimer(10 + this.runtime.random() * 40, next, { background })
        stopWaiting = () => pause.cancel()
      }
      const giveUp = (): void => {
        const what =
          sentAt === undefined ? 'There was no connection to the storage' : 'The storage did not answer'
        const options = { cause: lastError, maybeApplied: maybeApplied || inFlight }
        settle(() => reject(new StorageUnavailableError(`${what} within ${timeoutMs} ms.`, options)))
      }
      const deadline = this.runtime.setTimer(timeoutMs, giveUp, { background })
      attempt()
    })
  }
}

function isUnavailable(error: unknown): error is StorageUnavailableError {
  return HoldfastError.isInstance(error) && error.code === 'STORAGE_UNAVAILABLE'
}
