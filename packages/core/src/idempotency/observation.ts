import type { StringMap } from '../support/string-map.ts'
import { type AbortListener, listenForAbort, stopListening } from '../support/on-abort.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { RecordKey } from '../storage/records.ts'
import { mapKeyOf } from './job-key.ts'
import type { Observer } from './observer.ts'
import type { Execution } from './execution.ts'
import type { StoredState } from './record.ts'
import { RemoteKey } from './remote-key.ts'

export type StopObserving = () => void

/**
 * Follows keys for everybody in this process who waits or watches. However many they are, a key costs the storage
 * one subscription and one read per change; a key that this very process executes costs nothing at all.
 */
export class Observations {
  readonly #calls: StorageClient
  readonly #running: Pick<StringMap<Execution>, 'get'>
  readonly #remote = new Map<string, RemoteKey>()
  readonly #observers = new Set<Observer>()

  /** `running`: the executions of this process by {@link mapKeyOf}. */
  constructor(calls: StorageClient, running: Pick<StringMap<Execution>, 'get'>) {
    this.#calls = calls
    this.#running = running
  }

  /**
   * Tells the present state and every later one, until stopped; what the observer has `seen` need not be read again,
   * and nothing older is told. An outage only delays it.
   */
  observe(key: RecordKey, observer: Observer, seen?: StoredState): StopObserving {
    const text = mapKeyOf(key)
    let stop: StopObserving = () => undefined
    let stopped = false
    const follow = (known: StoredState | undefined): void => {
      if (stopped) return
      const local = this.#running.get(text)
      if (local === undefined || !local.isOwner) {
        stop = this.#observeRemote(key, text, observer, known)
        return
      }
      stop = local.observe((view) => {
        if (view !== 'lost') observer.tell(view)
        if (stopped || (view !== 'lost' && view.current?.record.status === 'executing')) return
        // It has ended here: what follows is somebody else's.
        stop()
        follow(view === 'lost' ? undefined : view)
      })
      observer.tell(local.storedState())
    }
    this.#observers.add(observer)
    follow(seen)
    return () => {
      stopped = true
      this.#observers.delete(observer)
      stop()
    }
  }

  /** What somebody here follows anyway: at most a lost hint behind. */
  latest(key: RecordKey): StoredState | undefined {
    return this.#remote.get(mapKeyOf(key))?.latest
  }

  /** Why nothing is known of a key that is being followed. */
  trouble(key: RecordKey): Error | undefined {
    return this.#remote.get(mapKeyOf(key))?.trouble
  }

  close(reason: Error): void {
    for (const observer of this.#observers) observer.failed(reason)
    for (const remote of this.#remote.values()) remote.close()
    this.#remote.clear()
  }

  #observeRemote(
    key: RecordKey,
    text: string,
    observer: Observer,
    seen: StoredState | undefined,
  ): StopObserving {
    let remote = this.#remote.get(text)
    if (remote === undefined) {
      remote = new RemoteKey(this.#calls, key)
      this.#remote.set(text, remote)
    }
    const shared = remote
    const remove = shared.add(observer, seen)
    return () => {
      if (remove() > 0) return
      shared.close()
      if (this.#remote.get(text) === shared) this.#remote.delete(text)
    }
  }
}

export interface WaitLimits {
  /** Milliseconds; Infinity waits as long as it takes. */
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
  /** What the caller knows already. */
  readonly seen?: StoredState
}

/**
 * Observes until `isDone` says so of a state, and resolves with that state; with `'timeout'` or `'aborted'` when a
 * limit is reached first. Rejects with what `isDone` throws, when the instance is closed, and at the deadline when the
 * storage cannot be reached: nobody can say then that the job still runs. Leaves nothing behind.
 */
export function observeUntil(
  observations: Observations,
  calls: StorageClient,
  key: RecordKey,
  isDone: (view: StoredState) => boolean,
  { waitMs, signal, seen }: WaitLimits,
): Promise<StoredState | 'timeout' | 'aborted'> {
  return new Promise((resolve, reject) => {
    let stop: StopObserving | undefined
    let settled = false
    const settle = (finish: () => void): void => {
      if (settled) return
      settled = true
      timer?.cancel()
      if (signal !== undefined) stopListening(signal, listener)
      stop?.()
      finish()
    }
    const listener: AbortListener = { aborted: () => settle(() => resolve('aborted')) }
    const onTimeout = (): void => {
      const trouble = observations.trouble(key)
      settle(() => (trouble === undefined ? resolve('timeout') : reject(trouble)))
    }
    const tell = (view: StoredState): void => {
      if (settled) return
      try {
        if (isDone(view)) settle(() => resolve(view))
      } catch (error) {
        // Ours alone: it must hurt neither the owner nor the others who wait.
        settle(() => reject(error as Error))
      }
    }
    const timer = waitMs === Infinity ? undefined : calls.runtime.setTimer(waitMs, onTimeout)
    if (signal?.aborted) return listener.aborted()
    if (signal !== undefined) listenForAbort(signal, listener)
    stop = observations.observe(key, { tell, failed: (reason) => settle(() => reject(reason)) }, seen)
    if (settled) stop()
  })
}
