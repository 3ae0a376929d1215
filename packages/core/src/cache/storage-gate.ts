import { StorageUnavailableError, hasCode, isUnavailable } from '../errors.ts'
import type { Runtime, Timer } from '../support/runtime.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { ValueStorage } from '../storage/values.ts'
import type { Breaker } from './breaker.ts'
import type { Journal, JournalEntry, JournalWork } from './journal.ts'
import { STORAGE_TIMEOUT_MS, TimeLimit } from './time-limit.ts'

/** Sends one command, with a separate deadline. */
export type Send = <T>(command: () => Promise<T>) => Promise<T>

/** How often this process tries to send what it queued, when no caller makes it. */
const REPLAY_EVERY_MS = 1_000

/**
 * Every call of the cache to its storage goes through here: one deadline, one breaker for all keys, and removals that the
 * storage did not acknowledge are sent again before anything else is.
 */
export class StorageGate {
  readonly calls: StorageClient
  readonly values: ValueStorage
  readonly #limit: TimeLimit
  readonly #breaker: Breaker
  readonly #journal: Journal
  readonly #execute: (work: JournalWork, send: Send) => Promise<unknown>
  #replaying: Promise<void> | undefined
  #timer: Timer | undefined
  #isClosed = false

  /** `execute` sends a queued removal to the storage, in as many commands as it needs. */
  constructor(
    calls: StorageClient,
    breaker: Breaker,
    journal: Journal,
    execute: (work: JournalWork, send: Send) => Promise<unknown>,
  ) {
    this.calls = calls
    this.values = calls.storage.values
    this.#limit = new TimeLimit(calls.runtime)
    this.#breaker = breaker
    this.#journal = journal
    this.#execute = execute
    // A frozen storage that goes on answers what it was asked before: so it need not be waited for any longer.
    calls.onLateAnswer = () => {
      if (calls.isFull) return
      const ask = (): Promise<unknown> => calls.storage.time()
      breaker.askEarly(() => calls.call(ask, STORAGE_TIMEOUT_MS, { background: true }))
    }
  }

  get runtime(): Runtime {
    return this.calls.runtime
  }

  get breaker(): 'closed' | 'open' {
    return this.#breaker.state
  }

  get queued(): number {
    return this.#journal.size
  }

  call<T>(command: () => Promise<T>): Promise<T> {
    if (this.#journal.size > 0) return this.#afterReplay(() => this.#send(command))
    return this.#send(command)
  }

  /**
   * For what must not be executed after its caller gave up. `startedAt`: when that began to wait for the storage, if other
   * commands came before.
   */
  async claim<T extends { readonly outcome: string; readonly now: number }>(
    command: (notAfter: number) => Promise<T>,
    startedAt: number = this.runtime.monotonicNow(),
  ): Promise<T> {
    const { runtime, calls } = this
    if (runtime.monotonicNow() - startedAt >= STORAGE_TIMEOUT_MS)
      throw new StorageUnavailableError(
        'The call had no time left to send this to the storage of the cache.',
        {
          maybeApplied: false,
        },
      )
    const inTime = (notAfter: number): Promise<T> => {
      const leftMs = startedAt + STORAGE_TIMEOUT_MS - runtime.monotonicNow()
      return command(Math.min(notAfter, calls.clock.notAfter(leftMs)))
    }
    const send = async (): Promise<T> =>
      (calls.isFull
        ? await calls.claim(inTime, STORAGE_TIMEOUT_MS)
        : await this.#breaker.guard(() => calls.claim(inTime, STORAGE_TIMEOUT_MS, undefined, this.#heard))
      ).reply
    return this.#journal.size > 0 ? await this.#afterReplay(send) : await send()
  }

  /**
   * What sends several commands: `startedAt` is when its caller began to wait for the storage.
   * @throws StorageUnavailableError when they take longer together than one may
   */
  inTime<T>(startedAt: number, work: Promise<T>): Promise<T> {
    return this.#limit.keep(startedAt, work)
  }

  /** It need not wait for the rest of its call to know that the storage answers. */
  readonly #heard = (): void => this.#breaker.heard()

  #send<T>(command: () => Promise<T>): Promise<T> {
    // That this process asks too much is no outage: the call is refused, and the others go on.
    if (this.calls.isFull) return this.calls.call(command).then(replyOf)
    return this.#breaker.guard(() => this.calls.call(command, STORAGE_TIMEOUT_MS)).then(replyOf)
  }

  async #afterReplay<T>(send: () => Promise<T>): Promise<T> {
    const startedAt = this.runtime.monotonicNow()
    // Also what was queued while the others were sent.
    while (this.#journal.size > 0) await this.inTime(startedAt, this.#replay())
    return await this.inTime(startedAt, send())
  }

  /** A removal, which is queued when the storage does not acknowledge it. */
  async remove<T>(command: () => Promise<T>, removal: JournalEntry): Promise<T> {
    try {
      return await this.call(command)
    } catch (error) {
      if (!isUnavailable(error)) throw error
      throw this.queue([removal], error)
    }
  }

  /** Notes removals that were not acknowledged because of this error, and returns the error that says so. */
  queue(removals: readonly JournalEntry[], error: StorageUnavailableError): StorageUnavailableError {
    if (this.#isClosed) return error
    for (const removal of removals) this.#journal.add(removal)
    this.#replayLater()
    if (error.queued) return error
    return new StorageUnavailableError(
      `${error.message} The removal is queued: this process sends it again before it reads the cache the next time.`,
      { cause: error, maybeApplied: error.maybeApplied, queued: true },
    )
  }

  /** Tries once to send what is queued: after this the process does not try again. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#journal.size > 0)
      await this.inTime(this.runtime.monotonicNow(), this.#replay()).catch(() => undefined)
    this.#breaker.end()
    this.#timer?.cancel()
    this.#limit.close()
  }

  /** Once for all who ask meanwhile. @throws StorageUnavailableError while the storage is out */
  #replay(): Promise<void> {
    const send: Send = (command) => this.#send(command)
    return (this.#replaying ??= this.#journal
      .drain((work) =>
        // What it refuses it refuses for good, as it would have at once: no caller waits for that.
        this.#execute(work, send).catch((error: unknown) => {
          if (isUnavailable(error)) throw error
        }),
      )
      .finally(() => (this.#replaying = undefined)))
  }

  #replayLater(): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = this.runtime.setTimer(
      REPLAY_EVERY_MS,
      () => {
        this.#timer = undefined
        if (this.#journal.size === 0) return
        this.#replay().then(undefined, () => this.#replayLater())
      },
      { background: true },
    )
  }
}

function replyOf<T>({ reply }: { readonly reply: T }): T {
  return reply
}

/** The storage cannot be reached, or refuses: a load answers then. */
export function isOut(error: unknown): boolean {
  return isUnavailable(error) || hasCode(error, 'STORAGE_REFUSED')
}
