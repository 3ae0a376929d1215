import { marginMs } from '../lease-deadline.ts'
import { type AbortListener, listenForAbort, stopListening } from '../support/on-abort.ts'
import type { Runtime, Timer } from '../support/runtime.ts'
import { leaseRemaining } from './decide.ts'
import { WaitAbortedError } from '../errors.ts'
import type { JobKey } from './job-key.ts'
import type { KeyWatchers, StateObserver } from './key-watcher.ts'
import type { StoredState } from './record.ts'

/** How long a wait lasts when the caller does not say. */
const DEFAULT_WAIT_MS = 30_000

/**
 * How long a caller waits for an execution. A time that the caller gives is kept. The default one outlives an owner that
 * has died: when it is over, the caller stays until the lease that is stored then has ended. If the owner renews that
 * lease meanwhile, or another owner takes over, an owner lives, and the wait is over.
 */
export class WaitTimeouts {
  readonly #runtime: Runtime
  readonly #isDefault: boolean
  #endsAt: number
  /** The execution whose lease the caller waits out, and when that ends, on the storage's clock. */
  #last: { readonly executionId: string; readonly leaseEndsAt: number } | undefined

  /** Without `waitMs`, the default. */
  constructor(runtime: Runtime, waitMs: number | undefined) {
    this.#runtime = runtime
    this.#isDefault = waitMs === undefined
    this.#endsAt = runtime.monotonicNow() + (waitMs ?? DEFAULT_WAIT_MS)
  }

  leftMs(): number {
    return Math.max(0, this.#endsAt - this.#runtime.monotonicNow())
  }

  /** The time is over, and `state` was read since: true when the caller stays for the end of a lease. */
  extend({ current, now }: StoredState): boolean {
    if (!this.#isDefault || this.#last !== undefined || current?.record.status !== 'executing') return false
    const { record, writtenAt } = current
    const remainingMs = leaseRemaining(record, current, now)
    if (remainingMs === 0) return false
    this.#last = { executionId: record.executionId, leaseEndsAt: writtenAt + record.leaseMs }
    this.#endsAt = this.#runtime.monotonicNow() + remainingMs + marginMs(remainingMs)
    return true
  }

  /** The time is over, and an owner has shown that it lives. */
  isOwnerAlive({ current }: StoredState): boolean {
    if (this.#last === undefined || current?.record.status !== 'executing') return false
    const { record, writtenAt } = current
    const { executionId, leaseEndsAt } = this.#last
    return record.executionId !== executionId || writtenAt + record.leaseMs > leaseEndsAt
  }
}

/** One wait for a key. */
export interface WaitCall {
  readonly job: JobKey
  /** Whether the wait ends with this state. What it throws ends the wait as well. */
  readonly isOver: (state: StoredState) => boolean
  readonly timeouts: WaitTimeouts
  readonly signal?: AbortSignal | undefined
  /** The state that the caller knows already. */
  readonly since?: StoredState | undefined
}

/** `isLate`: the time was over first. The state was read after that, because the last known one may be old. */
export interface Waited {
  readonly state: StoredState
  readonly isLate: boolean
}

/**
 * Waits until `isOver` says so of a state. Rejects with what `isOver` throws, with WaitAbortedError, with ClosedError, and
 * at the end of the time with StorageUnavailableError when the storage cannot say whether the job still runs. Leaves
 * nothing behind.
 */
export function until(watchers: KeyWatchers, call: WaitCall): Promise<Waited> {
  return new Promise((resolve, reject) => new Wait(watchers, call, resolve, reject).start())
}

export function waitAborted({ jobType, jobKey }: JobKey, signal: AbortSignal | undefined): Error {
  return new WaitAbortedError(`${jobType} ${jobKey}`, { cause: signal?.reason })
}

class Wait implements StateObserver, AbortListener {
  readonly #watchers: KeyWatchers
  readonly #call: WaitCall
  readonly #resolve: (waited: Waited) => void
  readonly #reject: (error: Error) => void
  #timer: Timer | undefined
  #isSettled = false

  constructor(
    watchers: KeyWatchers,
    call: WaitCall,
    resolve: (waited: Waited) => void,
    reject: (error: Error) => void,
  ) {
    this.#watchers = watchers
    this.#call = call
    this.#resolve = resolve
    this.#reject = reject
  }

  start(): void {
    const { job, signal, since } = this.#call
    if (signal?.aborted) return this.aborted()
    if (signal !== undefined) listenForAbort(signal, this)
    this.#setTimer()
    this.#watchers.subscribe(job, this, since)
  }

  next(state: StoredState): void {
    if (this.#isSettled) return
    const { isOver, timeouts } = this.#call
    try {
      const isLate = !isOver(state)
      if (!isLate || timeouts.isOwnerAlive(state)) this.#end({ state, isLate })
    } catch (error) {
      // This caller's alone: it must hurt neither the owner nor other callers.
      this.error(error as Error)
    }
  }

  error(reason: Error): void {
    this.#leave()
    this.#reject(reason)
  }

  aborted(): void {
    this.error(waitAborted(this.#call.job, this.#call.signal))
  }

  #end(waited: Waited): void {
    this.#leave()
    this.#resolve(waited)
  }

  #leave(): void {
    const { job, signal } = this.#call
    this.#isSettled = true
    this.#timer?.cancel()
    if (signal !== undefined) stopListening(signal, this)
    this.#watchers.unsubscribe(job, this)
  }

  #setTimer(): void {
    const leftMs = this.#call.timeouts.leftMs()
    if (leftMs === Infinity) return
    this.#timer = this.#watchers.calls.runtime.setTimer(leftMs, () => void this.#timeIsOver())
  }

  async #timeIsOver(): Promise<void> {
    const { job, timeouts } = this.#call
    try {
      const lastError = this.#watchers.get(job)?.lastError
      if (lastError !== undefined) throw lastError
      const local = this.#watchers.local(job)
      const state = local ?? (await this.#watchers.read(job))
      if (this.#isSettled) return
      // An owner in this process lives.
      if (local !== undefined || !timeouts.extend(state)) return this.#end({ state, isLate: true })
      this.#setTimer()
      this.#watchers.subscribe(job, this, state)
    } catch (error) {
      this.error(error as Error)
    }
  }
}
