import { ClosedError, StorageUnavailableError } from '../errors.ts'
import type { Storage, StorageLink } from '../storage/storage.ts'
import { type OptionTable, type Resolved, duration, integer, resolveOptions } from './option-table.ts'
import {
  MOST_GRACE_MS,
  type Pending,
  PendingRequest,
  type RequestDeps,
  type TimedReply,
} from './pending-request.ts'
import { type Instant, type Runtime, instant } from './runtime.ts'
import { StorageClock } from './storage-clock.ts'
import { EventLoopDelay, TimerQueue } from './timer-queue.ts'

/** How long calls to a storage may take, and how many may wait. */
export interface StorageClientOptions {
  /**
   * How long one call may take, re-sending included.
   * @default 2_000
   */
  readonly callTimeoutMs?: number | undefined
  /**
   * How many calls may wait for an answer or for a connection at a time.
   * @default 10_000
   */
  readonly maxPendingCalls?: number | undefined
}

/** The table that checks `StorageClientOptions`, for adapters. `npm run docs:examples` reads it, too. */
export const STORAGE_CLIENT: OptionTable<StorageClientOptions> = {
  callTimeoutMs: [duration(1), 2_000],
  maxPendingCalls: [integer(1), 10_000],
}

interface CallOptions {
  /** No caller awaits it: it does not keep the process alive. Default false. */
  readonly background?: boolean
  /** How long its caller has waited already for what comes before it: errors name the sum. Default 0. */
  readonly waitedMs?: number
  /** Given to the command. Default `Infinity`. */
  readonly notAfter?: number
  /** When it is sent: now, if that was read already. */
  readonly now?: Instant
}

interface ClaimReply {
  readonly outcome: string
  readonly now: number
}

/**
 * Every call of core to a storage goes through here, so that an outage costs a bounded time whichever client library is
 * used: Holdfast's deadline, nothing sent while there is no connection (a client's offline queue would execute it
 * minutes later), a cap on what waits, and a re-send when the connection broke, which the port's rules make safe. A
 * client may leave a promise open for good (ioredis without `autoResendUnfulfilledCommands` does so with what was in
 * flight when the connection broke), so the re-send waits for the connection and not for the promise.
 */
export class StorageClient<S extends StorageLink = Storage> {
  readonly storage: S
  readonly runtime: Runtime
  readonly clock: StorageClock
  /** Of the timers of all who use this client. */
  readonly eventLoopDelay: EventLoopDelay = new EventLoopDelay()
  readonly callTimeoutMs: number
  readonly #maxPending: number
  readonly #foreground: RequestDeps
  readonly #background: RequestDeps
  readonly #release: () => void
  #isClosed = false
  #asksTime: Promise<number> | undefined

  constructor(
    storage: S,
    runtime: Runtime,
    { callTimeoutMs, maxPendingCalls }: Resolved<StorageClientOptions> = resolveOptions(STORAGE_CLIENT, {}),
  ) {
    this.storage = storage
    this.runtime = runtime
    this.clock = new StorageClock(runtime)
    this.callTimeoutMs = callTimeoutMs
    this.#maxPending = maxPendingCalls
    const deps = (background: boolean): RequestDeps => {
      const pending = new TimerQueue<Pending>(runtime, {
        background,
        delay: this.eventLoopDelay,
      })
      return { storage, runtime, pending, silenceMs: this.callTimeoutMs }
    }
    this.#foreground = deps(false)
    this.#background = deps(true)
    const retained = storage.retain()
    // One listener for all requests: one for each would cost more than all the rest of a request.
    const unlisten = storage.connection.onChange((state) => {
      for (const { pending } of [this.#foreground, this.#background]) {
        for (const request of pending.all) request.connectionChanged(state)
      }
    })
    this.#release = () => {
      unlisten()
      retained()
    }
  }

  /**
   * Sends `command` until it is answered; rejects with `StorageUnavailableError` after `timeoutMs`, and with the
   * storage's own error when it refuses.
   */
  call<T>(
    command: (notAfter: number) => Promise<T>,
    timeoutMs: number = this.callTimeoutMs,
    { background = false, waitedMs = 0, notAfter = Infinity, now = instant(this.runtime) }: CallOptions = {},
  ): Promise<TimedReply<T>> {
    if (this.#isClosed) return Promise.reject(new ClosedError())
    if (this.isFull) return Promise.reject(tooMany(this.#pending))
    const deps = background ? this.#background : this.#foreground
    return new PendingRequest(deps, command, now, { timeoutMs, waitedMs, notAfter }).promise
  }

  /**
   * Like {@link call}, for a claim: `notAfter` is no later than the moment at which the caller gives up. A claim that was
   * refused as late although that moment has not come (the storage's clock was stepped) is sent once more. `startedAt`: the
   * moment of the call, if its caller has read the clocks. `onAnswer`: the storage has answered a command, and another one
   * of this call follows.
   */
  claim<T extends ClaimReply>(
    command: (notAfter: number) => Promise<T>,
    timeoutMs: number = this.callTimeoutMs,
    startedAt: Instant = instant(this.runtime),
    onAnswer?: () => void,
  ): Promise<TimedReply<T>> {
    if (this.clock.known) return this.#claim(command, timeoutMs, timeoutMs, startedAt, onAnswer)
    return this.#learnTime(timeoutMs).then((leftMs) => {
      onAnswer?.()
      return this.#claim(command, timeoutMs, leftMs, instant(this.runtime), onAnswer)
    })
  }

  #claim<T extends ClaimReply>(
    command: (notAfter: number) => Promise<T>,
    timeoutMs: number,
    leftMs: number,
    now: Instant,
    onAnswer?: () => void,
    isLast = false,
  ): Promise<TimedReply<T>> {
    const { clock, runtime } = this
    const notAfter = clock.notAfter(leftMs, now.monotonic)
    const answered = this.call(command, leftMs, { waitedMs: timeoutMs - leftMs, notAfter, now })
    if (isLast) return answered
    return answered.then(async (answer) => {
      const { reply, sentAt, isRepeated } = answer
      clock.observe(sentAt, reply.now)
      if (reply.outcome !== 'late') return answer
      onAnswer?.()
      // From its beginning: it may have waited for a connection before it left.
      const overMs = runtime.monotonicNow() - now.monotonic - leftMs
      // An answer beyond the deadline: the event loop was blocked, and the command may have left after that.
      const stillMs = Math.max(1, overMs < 0 ? -overMs : Math.min(MOST_GRACE_MS, overMs))
      const last = await this.#claim(command, timeoutMs, stillMs, instant(runtime), onAnswer, true)
      return isRepeated ? { ...last, isRepeated } : last
    })
  }

  /**
   * Returns how much is left of `timeoutMs`. All who need the time first share one question; a caller that came later
   * outlives its failure and asks again.
   */
  async #learnTime(timeoutMs: number): Promise<number> {
    const giveUpAt = this.runtime.monotonicNow() + timeoutMs
    const leftMs = (): number => Math.max(1, giveUpAt - this.runtime.monotonicNow())
    const ask = (): Promise<number> =>
      this.time(leftMs(), timeoutMs - leftMs()).finally(() => (this.#asksTime = undefined))
    const asked = this.#asksTime
    if (asked === undefined) await (this.#asksTime = ask())
    else await asked.catch(() => (this.#asksTime ??= ask()))
    return leftMs()
  }

  /** The storage's clock now, in milliseconds. */
  async time(timeoutMs?: number, waitedMs = 0): Promise<number> {
    const { reply, sentAt } = await this.call(() => this.storage.time(), timeoutMs, { waitedMs })
    this.clock.observe(sentAt, reply)
    return reply
  }

  /**
   * Refuses every later call, and lets go of the storage when the pending ones have ended, by their answer or their
   * deadline.
   */
  close(): void {
    this.#isClosed = true
    const onSettled = (): void => {
      if (this.#pending === 0) this.#release()
    }
    for (const deps of [this.#foreground, this.#background]) {
      deps.onSettled = onSettled
      deps.pending.close()
    }
    onSettled()
  }

  /** Calls when an answer comes after its call has ended. One listener: another takes its place. */
  set onLateAnswer(listener: () => void) {
    this.#foreground.onLateAnswer = this.#background.onLateAnswer = listener
  }

  /** Calls with the error of each call that fails. One listener: another takes its place. */
  set onFailure(listener: (error: unknown) => void) {
    this.#foreground.onFailure = this.#background.onFailure = listener
  }

  /** Whether a call now would be one too many. */
  get isFull(): boolean {
    return this.#pending >= this.#maxPending
  }

  get #pending(): number {
    return this.#foreground.pending.size + this.#background.pending.size
  }
}

function tooMany(pending: number): StorageUnavailableError {
  return new StorageUnavailableError(
    `${pending} calls wait for the storage already, so this one was not sent. ` +
      'Make fewer calls at a time, or raise maxPendingCalls.',
    { maybeApplied: false },
  )
}
