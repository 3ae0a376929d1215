import { StorageUnavailableError, isUnavailable } from '../errors.ts'
import type { ConnectionState, StorageLink } from '../storage/storage.ts'
import { type Instant, type Runtime, instant } from './runtime.ts'
import type { TimerEntry, TimerQueue } from './timer-queue.ts'

/** A reply, and a moment that lies before every sending of its command: leases are counted from it. */
export interface TimedReply<T> {
  readonly reply: T
  readonly sentAt: Instant
  /** Of a claim: until when, on the storage's clock, its command may be executed. Else `Infinity`. */
  readonly notAfter: number
  /** An earlier sending of it was not answered, and may have been executed. */
  readonly isRepeated: boolean
}

/** A request as its client sees it. */
export interface Pending extends TimerEntry {
  connectionChanged(state: ConnectionState): void
}

/** What the requests of one {@link StorageClient} share, one for each kind: awaited, or in the background. */
export interface RequestDeps {
  readonly storage: StorageLink
  readonly runtime: Runtime
  /** All that are pending. */
  readonly pending: TimerQueue<Pending>
  /** A request whose client says nothing for so long, although there is a connection, is sent again. */
  readonly silenceMs: number
  /** Called after each request, once the client is closed. */
  onSettled?: () => void
  /** Called when an answer comes after its request has ended. */
  onLateAnswer?: () => void
  /** Called with the error of each request that fails. */
  onFailure?: (error: unknown) => void
}

export interface RequestOptions {
  readonly timeoutMs: number
  /** How long its caller has waited already for what comes before it: errors name the sum. */
  readonly waitedMs: number
  readonly notAfter: number
}

/**
 * How long a request waits beyond its deadline, at most as long as the event loop was blocked at its deadline. A client
 * that writes its commands at the end of a turn (node-redis does) sent them when the block was over.
 */
export const MOST_GRACE_MS = 50

/** One request to the storage. It is sent until it is answered or its time is over; the first answer counts. */
export class PendingRequest<T> implements Pending {
  index = -1
  dueAt: number = Infinity
  readonly promise: Promise<TimedReply<T>>
  readonly #deps: RequestDeps
  readonly #command: (notAfter: number) => Promise<T>
  readonly #options: RequestOptions
  readonly #giveUpAt: number
  #resolve!: (answer: TimedReply<T>) => void
  #reject!: (error: unknown) => void
  #silenceMs: number
  /** Of the first sending; undefined before it. */
  #sentAt: Instant | undefined
  #sendings = 0
  /** The number of the last sending, as long as its client has said nothing; else 0. */
  #inFlight = 0
  #maybeApplied = false
  /** Its time is over: it is not sent again, but an answer still counts until it is judged. */
  #isOver = false
  #isSettled = false
  #lastError: unknown

  /** Sends it at once, if there is a connection. */
  constructor(
    deps: RequestDeps,
    command: (notAfter: number) => Promise<T>,
    now: Instant,
    options: RequestOptions,
  ) {
    this.#deps = deps
    this.#command = command
    this.#options = options
    this.#silenceMs = deps.silenceMs
    this.#giveUpAt = now.monotonic + options.timeoutMs
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#send(now)
  }

  get isInFlight(): boolean {
    return this.#inFlight > 0
  }

  /** Judges a deadline after the answers that have arrived were read: a blocked event loop fires its timers first. */
  onDue(): void {
    const now = instant(this.#deps.runtime)
    if (now.monotonic < this.#giveUpAt) return this.#send(now)
    const graceMs = this.#isOver ? 0 : Math.min(MOST_GRACE_MS, now.monotonic - this.#giveUpAt)
    this.#isOver = true
    this.#judgeAt(Infinity)
    this.#deps.runtime.afterReplies(() => {
      if (this.#isSettled) return
      if (graceMs < 1) this.#giveUp()
      else this.#judgeAt(this.#deps.runtime.monotonicNow() + graceMs)
    })
  }

  /**
   * A request that waited for a connection leaves at once. One that was in flight on another connection is sent again on
   * this one if it is not answered soon: most clients have sent it again themselves or reject it now, and then it leaves
   * only once. Where there will be no other connection, both end with the reason.
   */
  connectionChanged(state: ConnectionState): void {
    const { runtime, storage } = this.#deps
    if (state === 'down' && storage.connection.problem === undefined) this.#schedule(Infinity)
    else if (this.isInFlight) this.#schedule(runtime.monotonicNow() + this.#pauseMs())
    else this.#send(instant(runtime))
  }

  /** Sends it, or waits for a connection. */
  #send(now: Instant): void {
    if (this.#isOver) return
    const { connection } = this.#deps.storage
    if (connection.state !== 'ready') {
      const { problem } = connection
      if (problem === undefined) this.#schedule(Infinity)
      else this.#fail(problem)
      return
    }
    const sentAt = (this.#sentAt ??= now)
    // What was sent before may be answered no more.
    this.#maybeApplied ||= this.isInFlight
    // At first as long as a call may take: most have ended by then, and are never sent again while there is silence.
    this.#schedule(now.monotonic + this.#silenceMs)
    this.#silenceMs *= 2
    const sending = (this.#inFlight = this.#sendings += 1)
    const { notAfter } = this.#options
    try {
      this.#command(notAfter).then(
        (reply) => {
          const isRepeated = this.#maybeApplied
          if (this.#settle()) this.#resolve({ reply, sentAt, notAfter, isRepeated })
          else this.#deps.onLateAnswer?.()
        },
        (error: unknown) => this.#failed(error, sending),
      )
    } catch (error) {
      this.#fail(error)
    }
  }

  /** `Infinity`: when there is a connection. */
  #schedule(at: number): void {
    if (!this.#isOver) this.#judgeAt(Math.min(at, this.#giveUpAt))
  }

  #judgeAt(at: number): void {
    this.dueAt = at
    this.#deps.pending.set(this)
  }

  #failed(error: unknown, sending: number): void {
    if (!isUnavailable(error)) return this.#fail(error)
    this.#lastError = error
    this.#maybeApplied ||= error.maybeApplied
    // A later sending is in flight.
    if (sending !== this.#inFlight) return
    this.#inFlight = 0
    // The client says that it is ready but fails: leave it a moment. Without a connection the next sending waits for one.
    if (!this.#isSettled) this.#schedule(this.#deps.runtime.monotonicNow() + this.#pauseMs())
  }

  /** Differently long in every caller. */
  #pauseMs(): number {
    return 10 + this.#deps.runtime.random() * 40
  }

  #giveUp(): void {
    const { timeoutMs, waitedMs } = this.#options
    const cause = this.#lastError ?? this.#deps.storage.connection.lastError
    let what = 'The storage did not answer'
    if (this.#sentAt === undefined) what = 'There was no connection to the storage'
    // The storage did answer, even if only to say that it cannot serve this call now.
    else if (this.#lastError !== undefined) what = 'The storage could not serve this call'
    const said = cause instanceof Error ? `; the last error was: ${cause.message}` : '.'
    const message = `${what} within ${Math.round(waitedMs + timeoutMs)} ms${said}`
    const maybeApplied = this.#maybeApplied || this.isInFlight
    this.#fail(new StorageUnavailableError(message, { cause, maybeApplied }))
  }

  #fail(error: unknown): void {
    if (!this.#settle()) return
    this.#deps.onFailure?.(error)
    this.#reject(error)
  }

  /** False when it was settled before. */
  #settle(): boolean {
    if (this.#isSettled) return false
    this.#isSettled = true
    this.#deps.pending.remove(this)
    this.#deps.onSettled?.()
    return true
  }
}
