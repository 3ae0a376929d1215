import { EventLoopDelay, type TimerEntry, TimerQueue } from './timer-queue.ts'
import { checkDuration, checkInteger } from '../check.ts'
import { ClosedError, StorageUnavailableError, isUnavailable } from '../errors.ts'
import { type Instant, type Runtime, instant } from './runtime.ts'
import { StorageClock } from './storage-clock.ts'
import type { ConnectionState, Storage } from '../storage/storage.ts'

export interface StorageClientOptions {
  /** How long one call may take, re-sending included. Default 2,000. */
  readonly callTimeoutMs?: number | undefined
  /** How many calls may wait for an answer or for a connection at a time. Default 10,000. */
  readonly maxPendingCalls?: number | undefined
}

interface CallOptions {
  /** Nobody awaits it. Default false. */
  readonly background?: boolean
  /** How long its caller has waited already for what comes before it: errors tell the whole. Default 0. */
  readonly waitedMs?: number
}

/** A reply, and a moment that lies before every sending of its command: leases are counted from it. */
export interface TimedReply<T> {
  readonly reply: T
  readonly sentAt: Instant
}

/**
 * Every call of core to a storage goes through here, so that an outage costs a bounded time whatever the client
 * library does: a deadline of our own, nothing sent while there is no connection (a client's offline queue would
 * execute it minutes later), a cap on what waits, and a re-send when the connection broke, which the port's rules
 * make safe. A client may leave a promise open for good (ioredis without `autoResendUnfulfilledCommands` does so with
 * what was under way when the connection broke), so the re-send waits for the connection and not for the promise.
 */
export class StorageClient {
  readonly storage: Storage
  readonly runtime: Runtime
  readonly clock: StorageClock
  /** Of the timers of all who use this client. */
  readonly eventLoopDelay: EventLoopDelay = new EventLoopDelay()
  readonly callTimeoutMs: number
  readonly #maxPending: number
  readonly #foreground: Surroundings
  readonly #background: Surroundings
  readonly #load: Load = { pending: 0, drained: () => undefined }
  readonly #stopFollowing: () => void
  readonly #letGo: () => void
  #closed = false
  #asksTime: Promise<number> | undefined

  constructor(storage: Storage, runtime: Runtime, options: StorageClientOptions = {}) {
    const { callTimeoutMs = 2_000, maxPendingCalls = 10_000 } = options
    this.storage = storage
    this.runtime = runtime
    this.clock = new StorageClock(runtime)
    this.callTimeoutMs = checkDuration('callTimeoutMs', callTimeoutMs, 1)
    this.#maxPending = checkInteger('maxPendingCalls', maxPendingCalls, 1)
    const surroundings = (background: boolean): Surroundings => {
      const deadlines = new TimerQueue<Sendable>(runtime, { background, delay: this.eventLoopDelay })
      return { storage, runtime, deadlines, load: this.#load, silenceMs: this.callTimeoutMs }
    }
    this.#foreground = surroundings(false)
    this.#background = surroundings(true)
    this.#letGo = storage.retain()
    // One for all calls: a listener for each would cost more than all the rest of a call.
    this.#stopFollowing = storage.connection.onChange((state) => {
      for (const { deadlines } of [this.#foreground, this.#background]) {
        for (const call of deadlines.all) call.connectionChanged(state)
      }
    })
  }

  /**
   * Sends `command` until it is answered; rejects with {@link StorageUnavailableError} after `timeoutMs`. Nobody
   * awaits a background call, so it does not keep the process alive.
   */
  call<T>(
    command: () => Promise<T>,
    timeoutMs: number = this.callTimeoutMs,
    { background = false, waitedMs = 0 }: CallOptions = {},
  ): Promise<TimedReply<T>> {
    if (this.#closed) return Promise.reject(new ClosedError('Holdfast'))
    if (this.#load.pending >= this.#maxPending) {
      return Promise.reject(tooMany(this.#load.pending))
    }
    const around = background ? this.#background : this.#foreground
    return new Promise((resolve, reject) => {
      new PendingRequest<T>(around, command, { timeoutMs, waitedMs }, resolve, reject).start()
    })
  }

  /**
   * Like {@link call}, for a claim: the command gets the `notAfter` that goes with the moment at which we give up.
   * A claim that was refused as late although that moment has not come (the clock was stepped) is sent once more.
   */
  async claim<T extends { readonly now: number }>(
    command: (notAfter: number) => Promise<T>,
    wasLate: (reply: T) => boolean,
    timeoutMs: number = this.callTimeoutMs,
  ): Promise<TimedReply<T> & { readonly notAfter: number }> {
    let leftMs = timeoutMs
    if (!this.clock.known) {
      const giveUpAt = this.runtime.monotonicNow() + timeoutMs
      await this.#learnTime(timeoutMs)
      leftMs = Math.max(1, giveUpAt - this.runtime.monotonicNow())
    }
    let notAfter = this.clock.earliest(leftMs)
    let answer = await this.call(() => command(notAfter), leftMs, { waitedMs: timeoutMs - leftMs })
    this.clock.observe(answer.sentAt, answer.reply.now)
    if (wasLate(answer.reply)) {
      leftMs = Math.max(1, leftMs - (this.runtime.monotonicNow() - answer.sentAt.monotonic))
      notAfter = this.clock.earliest(leftMs)
      answer = await this.call(() => command(notAfter), leftMs, { waitedMs: timeoutMs - leftMs })
    }
    return { reply: answer.reply, sentAt: answer.sentAt, notAfter }
  }

  /** Everybody who needs the time first shares one question; who came later outlives its failure and asks again. */
  async #learnTime(timeoutMs: number): Promise<void> {
    const giveUpAt = this.runtime.monotonicNow() + timeoutMs
    const ask = (): Promise<number> => {
      const leftMs = Math.max(1, giveUpAt - this.runtime.monotonicNow())
      return this.time(leftMs, timeoutMs - leftMs).finally(() => (this.#asksTime = undefined))
    }
    const asked = this.#asksTime
    if (asked === undefined) await (this.#asksTime = ask())
    else await asked.catch(() => (this.#asksTime ??= ask()))
  }

  /** The storage's clock now, in milliseconds. */
  async time(timeoutMs?: number, waitedMs = 0): Promise<number> {
    const { reply, sentAt } = await this.call(() => this.storage.time(), timeoutMs, { waitedMs })
    this.clock.observe(sentAt, reply)
    return reply
  }

  /**
   * Refuses every later call, and lets go of the storage when those under way have ended, by their answer or their
   * deadline.
   */
  close(): void {
    this.#closed = true
    this.#load.drained = () => {
      this.#stopFollowing()
      this.#letGo()
    }
    if (this.#load.pending === 0) this.#load.drained()
    this.#foreground.deadlines.close()
    this.#background.deadlines.close()
  }
}

interface Load {
  pending: number
  /** Called whenever nothing is pending any more. */
  drained: () => void
}

interface Surroundings {
  readonly storage: Storage
  readonly runtime: Runtime
  readonly deadlines: TimerQueue<Sendable>
  readonly load: Load
  /** A call whose client says nothing for so long, although there is a connection, is sent again. */
  readonly silenceMs: number
}

interface Sendable extends TimerEntry {
  connectionChanged(state: ConnectionState): void
}

interface Patience {
  readonly timeoutMs: number
  readonly waitedMs: number
}

/** Exported for the simulator's mutations. One call from its sending to its answer or its deadline. It is sent as often as that takes: the first answer counts. */
export class PendingRequest<T> implements Sendable {
  index = -1
  readonly #around: Surroundings
  readonly #command: () => Promise<T>
  readonly #patience: Patience
  readonly #resolve: (answer: TimedReply<T>) => void
  readonly #reject: (error: unknown) => void
  readonly #startedAt: Instant
  readonly #giveUpAt: number
  /** When it is sent next; `Infinity` while it waits for a connection. */
  #sendAt = Infinity
  #silenceMs: number
  #sentAt: Instant | undefined
  #sendings = 0
  /** The number of the last sending, as long as its client has said nothing; else 0. */
  #underWay = 0
  #maybeApplied = false
  #settled = false
  #lastError: unknown

  constructor(
    around: Surroundings,
    command: () => Promise<T>,
    patience: Patience,
    resolve: (answer: TimedReply<T>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#around = around
    this.#command = command
    this.#patience = patience
    this.#resolve = resolve
    this.#reject = reject
    this.#startedAt = instant(around.runtime)
    this.#giveUpAt = this.#startedAt.monotonic + patience.timeoutMs
    this.#silenceMs = around.silenceMs
  }

  get dueAt(): number {
    return Math.min(this.#sendAt, this.#giveUpAt)
  }

  get isUnderWay(): boolean {
    return this.#underWay > 0
  }

  start(): void {
    this.#around.load.pending += 1
    this.#send(this.#startedAt)
    if (!this.#settled) this.#around.deadlines.set(this)
  }

  onDue(): void {
    const now = instant(this.#around.runtime)
    if (now.monotonic >= this.#giveUpAt) this.#giveUp()
    else this.#send(now)
  }

  /**
   * What waited for a connection leaves at once. What was under way on another connection is sent again on this one if
   * it is not answered soon: most clients have sent it again themselves or reject it now, and then it leaves only once.
   * Where there will be no other connection, both end in the same way: with the reason.
   */
  connectionChanged(state: ConnectionState): void {
    if (state === 'down' && this.#around.storage.connection.problem === undefined) this.#sendAt = Infinity
    else if (!this.isUnderWay) this.#send()
    else this.#sendIn(this.#pauseMs())
  }

  /** Sends it, now or when there is a connection. */
  #send(now: Instant = instant(this.#around.runtime)): void {
    const { connection } = this.#around.storage
    if (connection.state !== 'ready') {
      this.#sendAt = Infinity
      const { problem } = connection
      if (problem !== undefined) this.#fail(problem)
      return
    }
    const sentAt = (this.#sentAt ??= now)
    // At first as long as a call may take: most have ended by then and are never sent again while there is silence.
    this.#sendAt = now.monotonic + this.#silenceMs
    this.#silenceMs *= 2
    const sending = (this.#underWay = this.#sendings += 1)
    try {
      this.#command().then(
        (answer) => {
          if (this.#settle()) this.#resolve({ reply: answer, sentAt })
        },
        (error: unknown) => this.#failed(error, sending),
      )
    } catch (error) {
      this.#fail(error)
    }
  }

  #giveUp(): void {
    const { waitedMs, timeoutMs } = this.#patience
    const cause = this.#lastError ?? this.#around.storage.connection.lastError
    const said = cause instanceof Error ? `; the last error was: ${cause.message}` : '.'
    const options = { cause, maybeApplied: this.#maybeApplied || this.isUnderWay }
    const message = `${this.#whatFailed()} within ${Math.round(waitedMs + timeoutMs)} ms${said}`
    this.#fail(new StorageUnavailableError(message, options))
  }

  #whatFailed(): string {
    if (this.#sentAt === undefined) return 'There was no connection to the storage'
    // It was answered, and be it that the storage cannot do it now.
    return this.#lastError === undefined
      ? 'The storage did not answer'
      : 'The storage could not serve this call'
  }

  #failed(error: unknown, sending: number): void {
    if (!isUnavailable(error)) return this.#fail(error)
    this.#lastError = error
    this.#maybeApplied ||= error.maybeApplied
    // A later sending is under way.
    if (sending !== this.#underWay) return
    this.#underWay = 0
    if (this.#settled) return
    // The client says that it is ready but fails: leave it a moment. Without a connection this finds out and waits.
    this.#sendIn(this.#pauseMs())
  }

  /** Differently long in every caller. */
  #pauseMs(): number {
    return 10 + this.#around.runtime.random() * 40
  }

  #sendIn(ms: number): void {
    this.#sendAt = this.#around.runtime.monotonicNow() + ms
    this.#around.deadlines.set(this)
  }

  #fail(error: unknown): void {
    if (this.#settle()) this.#reject(error)
  }

  /** False when it was settled before. */
  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    const { deadlines, load } = this.#around
    deadlines.remove(this)
    load.pending -= 1
    if (load.pending === 0) load.drained()
    return true
  }
}

function tooMany(pending: number): StorageUnavailableError {
  return new StorageUnavailableError(
    `${pending} calls already wait for the storage; this one was not sent. Raise maxPendingCalls or send less.`,
    { maybeApplied: false },
  )
}
