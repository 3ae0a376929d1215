import { ClosedError, StorageUnavailableError, isUnavailable } from '../errors.ts'
import type { Runtime } from '../support/runtime.ts'
import { type CacheOf, breakerEvents } from './events.ts'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5_000

/**
 * Does not ask again a storage that has just failed to answer: an outage costs a cache's callers one deadline, and
 * nothing after that. After a pause, which doubles up to five seconds, one call is let through to find out.
 */
export class Breaker {
  readonly #runtime: Runtime
  readonly #of: CacheOf
  readonly #onClosed: () => void
  #pauseMs = FIRST_PAUSE_MS
  #openedAt = 0
  #askAgainAt: number | undefined
  #probing = false
  #mayAskEarly = false
  #isDoubtful = false
  #hasEnded = false

  /** `of` is whose breaker it is, for events; `onClosed` is called when the storage answers again. */
  constructor(runtime: Runtime, of: CacheOf, onClosed: () => void = () => undefined) {
    this.#runtime = runtime
    this.#of = of
    this.#onClosed = onClosed
  }

  /** `open`: calls are refused without being sent. */
  get state(): 'closed' | 'open' {
    return this.#askAgainAt === undefined ? 'closed' : 'open'
  }

  /** @throws StorageUnavailableError at once while it is open; what `command` throws otherwise. */
  guard<T>(command: () => Promise<T>): Promise<T> {
    if (this.#askAgainAt !== undefined) return this.#probe(command)
    return command().then(this.#answered as (result: T) => T, this.#failed)
  }

  /** A call gave up before any of its commands did: what ends an outage is due at the next answer, also if it opens no more. */
  doubt(): void {
    this.#isDoubtful = true
  }

  /** The storage has answered the first of several commands that are guarded as one. */
  heard(): void {
    this.#close()
  }

  /**
   * The storage has answered after all: `ask` finds out whether it is well, before the pause is over and for no caller. Once
   * for each call that found it ill: one that is only slow is not asked all the time.
   */
  askEarly(ask: () => Promise<unknown>): void {
    if (!this.#mayAskEarly || this.#probing || this.#hasEnded) return
    this.#mayAskEarly = false
    this.#probing = true
    this.#settle(ask).catch(() => undefined)
  }

  /** Made once: most calls find it closed, and their answers change nothing. */
  readonly #answered = (result: unknown): unknown => {
    this.#close()
    return result
  }

  readonly #failed = (error: unknown): never => {
    if (isUnavailable(error)) this.#open(false, error)
    // Any other error is an answer.
    else this.#close(error)
    throw error
  }

  async #probe<T>(command: () => Promise<T>): Promise<T> {
    this.#takeProbe()
    try {
      return await this.#settle(command)
    } finally {
      this.#mayAskEarly = this.state === 'open'
    }
  }

  async #settle<T>(command: () => Promise<T>): Promise<T> {
    try {
      const result = await command()
      this.#close()
      return result
    } catch (error) {
      if (isUnavailable(error)) this.#open(true, error)
      else this.#close(error)
      throw error
    } finally {
      this.#probing = false
    }
  }

  /** The cache was closed: while it is open, calls say that. It stays as it is, whatever late answers say. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (this.#askAgainAt === undefined) return
    const openMs = this.#runtime.monotonicNow() - this.#openedAt
    breakerEvents.publish(() => ({ ...this.#of, type: 'ended', openMs }))
  }

  #takeProbe(): void {
    if (this.#hasEnded) throw new ClosedError()
    const waitMs = (this.#askAgainAt ?? 0) - this.#runtime.monotonicNow()
    if (this.#probing || waitMs > 0) {
      throw new StorageUnavailableError(
        'The storage of the cache did not answer a moment ago, and is not asked again yet.',
        { maybeApplied: false },
      )
    }
    this.#probing = true
  }

  #open(wasProbe: boolean, error: unknown): void {
    if (this.#hasEnded) return
    if (wasProbe) this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
    // Not all processes at the same moment.
    const jitter = 0.75 + this.#runtime.random() / 4
    const now = this.#runtime.monotonicNow()
    const wasOpen = this.#askAgainAt !== undefined
    const retryInMs = this.#pauseMs * jitter
    this.#askAgainAt = now + retryInMs
    if (!wasOpen) {
      this.#mayAskEarly = true
      this.#openedAt = now
      breakerEvents.publish(() => ({ ...this.#of, type: 'opened', error, retryInMs }))
    } else if (wasProbe) {
      const openMs = now - this.#openedAt
      breakerEvents.publish(() => ({ ...this.#of, type: 'stillOpen', error, retryInMs, openMs }))
    }
  }

  #close(error?: unknown): void {
    if (this.#hasEnded || (this.#askAgainAt === undefined && !this.#isDoubtful)) return
    this.#isDoubtful = false
    this.#onClosed()
    if (this.#askAgainAt === undefined) return
    this.#pauseMs = FIRST_PAUSE_MS
    this.#askAgainAt = undefined
    this.#mayAskEarly = false
    const openMs = this.#runtime.monotonicNow() - this.#openedAt
    breakerEvents.publish(() => ({
      ...this.#of,
      type: 'closed',
      openMs,
      ...(error === undefined ? {} : { error }),
    }))
  }
}
