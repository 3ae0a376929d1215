import { InvalidArgumentError, StorageUnavailableError } from '../errors.ts'
import type { Timer } from '../runtime.ts'
import type { StorageCalls } from '../storage-calls.ts'
import type { RecordKey, Unsubscribe } from '../storage/records.ts'
import { isStalled } from './decide.ts'
import type { Execution, View } from './execution.ts'
import { currentOf } from './record.ts'

/** A lost hint costs at most this much; nothing else polls. */
const POLL_MS = 2_000
const RETRY_MS = 250

export type StopObserving = () => void

/**
 * Follows keys for everybody in this process who waits or watches. However many they are, a key costs the storage
 * one subscription and one read per change; a key that this very process executes costs nothing at all.
 */
export class Observations {
  readonly #calls: StorageCalls
  readonly #running: ReadonlyMap<string, Execution>
  readonly #remote = new Map<string, RemoteKey>()

  /** `running`: the executions of this process by {@link keyText}. */
  constructor(calls: StorageCalls, running: ReadonlyMap<string, Execution>) {
    this.#calls = calls
    this.#running = running
  }

  /** Calls `onView` with the present state, and with every later one, until stopped. An outage only delays it. */
  observe(key: RecordKey, onView: (view: View) => void): StopObserving {
    const text = keyText(key)
    let stop: StopObserving = () => undefined
    let stopped = false
    const follow = (): void => {
      if (stopped) return
      const local = this.#running.get(text)
      if (local === undefined || !local.isOwner) {
        stop = this.#observeRemote(key, text, onView)
        return
      }
      stop = local.observe((view) => {
        if (view !== 'lost') return onView(view)
        stop()
        follow()
      })
      onView(local.view())
    }
    follow()
    return () => {
      stopped = true
      stop()
    }
  }

  close(): void {
    for (const remote of this.#remote.values()) remote.close()
    this.#remote.clear()
  }

  #observeRemote(key: RecordKey, text: string, onView: (view: View) => void): StopObserving {
    let remote = this.#remote.get(text)
    if (remote === undefined) {
      remote = new RemoteKey(this.#calls, key)
      this.#remote.set(text, remote)
    }
    const shared = remote
    shared.add(onView)
    return () => {
      if (shared.remove(onView) > 0) return
      shared.close()
      if (this.#remote.get(text) === shared) this.#remote.delete(text)
    }
  }
}

export function keyText(key: RecordKey): string {
  return `${key.collection}\n${key.id}`
}

/**
 * One key that somebody else may write: subscribe, then read, then wait for a hint or for the moment at which the
 * state changes by time alone. In this order no wake-up can be lost, and a hint that is lost costs one poll.
 */
class RemoteKey {
  readonly #calls: StorageCalls
  readonly #key: RecordKey
  readonly #listeners = new Set<(view: View) => void>()
  #latest: View | undefined
  #unsubscribe: Unsubscribe | undefined
  #closed = false
  #hinted = false
  #wake: () => void = () => undefined

  constructor(calls: StorageCalls, key: RecordKey) {
    this.#calls = calls
    this.#key = key
    void this.#follow()
  }

  add(listener: (view: View) => void): void {
    this.#listeners.add(listener)
    if (this.#latest !== undefined) listener(this.#latest)
  }

  remove(listener: (view: View) => void): number {
    this.#listeners.delete(listener)
    return this.#listeners.size
  }

  close(): void {
    this.#closed = true
    this.#wake()
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      const waitMs = await this.#refresh()
      if (!this.#hinted && !this.#closed) await this.#sleep(waitMs)
    }
    await this.#unsubscribe?.().catch(() => undefined)
  }

  /** Reads and tells; returns how long the state can stay as it is without a hint. */
  async #refresh(): Promise<number> {
    const { records } = this.#calls.storage
    try {
      if (this.#unsubscribe === undefined) {
        const subscription = await this.#calls.call(() => records.subscribe(this.#key, () => this.#hint()))
        this.#unsubscribe = subscription.reply
      }
      this.#hinted = false
      const { reply } = await this.#calls.call(() => records.read(this.#key))
      const view = { current: currentOf(reply.entry), now: reply.now }
      this.#latest = view
      for (const listener of [...this.#listeners]) listener(view)
      return this.#untilChange(view)
    } catch (error) {
      // Everyone who waits has a deadline of their own; the storage may be back before it.
      return error instanceof StorageUnavailableError ? RETRY_MS : POLL_MS
    }
  }

  #untilChange({ current, now }: View): number {
    if (current?.record.status !== 'executing' || isStalled(current.record, current, now)) return POLL_MS
    const untilStalled = current.writtenAt + current.record.leaseMs - now
    // Not all processes at the same moment.
    return Math.min(POLL_MS, untilStalled + 1 + this.#calls.runtime.random() * 10)
  }

  #hint(): void {
    this.#hinted = true
    this.#wake()
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer: Timer = this.#calls.runtime.setTimer(ms, () => this.#wake())
      this.#wake = () => {
        timer.cancel()
        this.#wake = () => undefined
        resolve()
      }
    })
  }
}

export interface WaitLimits {
  /** Milliseconds; Infinity waits as long as it takes. */
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Observes until `isDone` says so of a state, and resolves with that state; with `'timeout'` or `'aborted'` when a
 * limit is reached first. Leaves nothing behind.
 */
export function observeUntil(
  observations: Observations,
  calls: StorageCalls,
  key: RecordKey,
  isDone: (view: View) => boolean,
  { waitMs, signal }: WaitLimits,
): Promise<View | 'timeout' | 'aborted'> {
  if (Number.isNaN(waitMs))
    throw new InvalidArgumentError('waitMs must be a number of milliseconds, not NaN.')
  return new Promise((resolve) => {
    let stop: StopObserving | undefined
    let settled = false
    const settle = (result: View | 'timeout' | 'aborted'): void => {
      if (settled) return
      settled = true
      timer?.cancel()
      signal?.removeEventListener('abort', onAbort)
      stop?.()
      resolve(result)
    }
    const onAbort = (): void => settle('aborted')
    const timer = waitMs === Infinity ? undefined : calls.runtime.setTimer(waitMs, () => settle('timeout'))
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort)
    stop = observations.observe(key, (view) => {
      if (isDone(view)) settle(view)
    })
    if (settled) stop()
  })
}
