import { StorageUnavailableError, hasCode, isUnavailable } from '../errors.ts'
import type { TimedReply } from '../support/pending-request.ts'
import type { Runtime, Timer } from '../support/runtime.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { ValueStorage } from '../storage/values.ts'
import type { Breaker } from './breaker.ts'
import type { Journal, JournalEntry, JournalWork } from './journal.ts'
import { type Limitable, STORAGE_TIMEOUT_MS, TimeLimit } from './time-limit.ts'

/** Sends one command, with a separate deadline. */
export type Send = <T>(command: () => Promise<T>) => Promise<T>

interface ClaimReply {
  readonly outcome: string
  readonly now: number
}

interface ClaimOptions {
  /** What its error says when it was refused as late. */
  readonly tooLate: string
  /** The storage remembers what it answered: one that was executed before is not refused. Default false. */
  readonly isRemembered?: boolean
  readonly startedAt?: number
}

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

  /** What is kept in memory from now on is so until the storage's next answer. */
  doubt(): void {
    this.#breaker.doubt()
  }

  get queued(): number {
    return this.#journal.size
  }

  /** `hasGivenUp`: its caller has got an error, and nothing more is to be sent. */
  call<T>(command: () => Promise<T>, hasGivenUp?: () => boolean): Promise<T> {
    if (this.#journal.size > 0)
      return this.#afterReplay((isOver) =>
        this.#callUnless(() => isOver() || hasGivenUp?.() === true, command),
      )
    return hasGivenUp === undefined ? this.#send(command) : this.#callUnless(hasGivenUp, command)
  }

  /** For what must not be executed after its caller gave up. */
  async claim<T extends ClaimReply>(
    command: (notAfter: number) => Promise<T>,
    { tooLate, isRemembered = false, startedAt }: ClaimOptions,
  ): Promise<Exclude<T, { readonly outcome: 'late' }>> {
    const answer =
      this.#journal.size > 0
        ? this.#afterReplay((_, since) => this.#claimSince(since, command), startedAt)
        : startedAt === undefined
          ? this.#claim(command)
          : this.#claimSince(startedAt, command)
    const { reply, isRepeated } = await answer
    if (reply.outcome === 'late')
      throw new StorageUnavailableError(tooLate, { maybeApplied: isRepeated && !isRemembered })
    return reply as Exclude<T, { readonly outcome: 'late' }>
  }

  #claim<T extends ClaimReply>(command: (notAfter: number) => Promise<T>): Promise<TimedReply<T>> {
    return this.#guarded(() => this.calls.claim(command, STORAGE_TIMEOUT_MS, undefined, this.#heard))
  }

  /** What is too late is not sent: the storage tells the time instead, so that the breaker knows how it is. */
  async #claimSince<T extends ClaimReply>(
    startedAt: number,
    command: (notAfter: number) => Promise<T>,
  ): Promise<TimedReply<T>> {
    const { calls } = this
    const leftMs = (): number => startedAt + STORAGE_TIMEOUT_MS - this.runtime.monotonicNow()
    if (leftMs() <= 0) throw noTimeLeft(false)
    return await this.#claim((notAfter) =>
      leftMs() > 0
        ? command(Math.min(notAfter, calls.clock.notAfter(leftMs())))
        : calls.storage.time().then((now) => ({ outcome: 'late', now }) as T),
    )
  }

  /** The same for what a caller has given up. */
  async #callUnless<T>(hasGivenUp: () => boolean, command: () => Promise<T>): Promise<T> {
    const { calls } = this
    if (hasGivenUp()) throw noTimeLeft(false)
    const { reply, isRepeated } = await this.#guarded(() =>
      calls.call<T | typeof NOT_SENT>(
        () => (hasGivenUp() ? calls.storage.time().then(() => NOT_SENT) : command()),
        STORAGE_TIMEOUT_MS,
      ),
    )
    if (reply === NOT_SENT) throw noTimeLeft(isRepeated)
    return reply
  }

  /**
   * What sends several commands: `startedAt` is when its caller began to wait for the storage.
   * @throws StorageUnavailableError when they take longer together than one may
   */
  inTime<T>(startedAt: number, work: Promise<T> | Limitable<T>): Promise<T> {
    return this.#limit.keep(startedAt, work)
  }

  /** It need not wait for the rest of its call to know that the storage answers. */
  readonly #heard = (): void => this.#breaker.heard()

  #send<T>(command: () => Promise<T>): Promise<T> {
    return this.#guarded(() => this.calls.call(command, STORAGE_TIMEOUT_MS)).then(replyOf)
  }

  /** That this process asks too much is no outage: the call is refused, and the others go on. */
  #guarded<T>(request: () => Promise<T>): Promise<T> {
    return this.calls.isFull ? request() : this.#breaker.guard(request)
  }

  /** `send` is given when its caller began to wait, besides. */
  #afterReplay<T>(
    send: (hasGivenUp: () => boolean, startedAt: number) => Promise<T>,
    startedAt: number = this.runtime.monotonicNow(),
  ): Promise<T> {
    return this.inTime(startedAt, async (hasGivenUp) => {
      // Also what was queued while the others were sent.
      while (this.#journal.size > 0) await this.#replay()
      return await send(hasGivenUp, startedAt)
    })
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

const NOT_SENT: unique symbol = Symbol('not sent')

function noTimeLeft(maybeApplied: boolean): StorageUnavailableError {
  return new StorageUnavailableError('The call had no time left to send this to the storage of the cache.', {
    maybeApplied,
  })
}

function replyOf<T>({ reply }: { readonly reply: T }): T {
  return reply
}

/** The storage cannot be reached, or refuses: a load answers then. */
export function isOut(error: unknown): boolean {
  return isUnavailable(error) || hasCode(error, 'STORAGE_REFUSED')
}
