import type { StorageClient } from '../support/storage-client.ts'
import type { JobKey } from './job-key.ts'
import { KeyWatcher, type LocalExecution, type StateObserver, readState } from './key-watcher.ts'
import type { StoredState } from './record.ts'

/** The watchers of one instance: one a key, as long as a caller waits for the key or watches it. */
export class KeyWatchers {
  readonly calls: StorageClient
  readonly #running: { get(mapKey: string): LocalExecution | undefined }
  readonly #watchers = new Map<string, KeyWatcher>()
  #closed: Error | undefined

  /** `running`: the executions of this process by `mapKey`. */
  constructor(calls: StorageClient, running: { get(mapKey: string): LocalExecution | undefined }) {
    this.calls = calls
    this.#running = running
  }

  /**
   * The observer gets the present state and every later one, until it unsubscribes; nothing older than `since`, which it
   * knows already. An outage only delays it. An observer that has subscribed before goes on with the new `since`.
   */
  subscribe(job: JobKey, observer: StateObserver, since?: StoredState): void {
    if (this.#closed !== undefined) return observer.error(this.#closed)
    const { mapKey } = job
    let watcher = this.#watchers.get(mapKey)
    if (watcher === undefined) this.#watchers.set(mapKey, (watcher = new KeyWatcher(this.calls, job)))
    watcher.add(observer, since, this.#running.get(mapKey))
  }

  unsubscribe({ mapKey }: JobKey, observer: StateObserver): void {
    if (this.#watchers.get(mapKey)?.remove(observer)) this.#watchers.delete(mapKey)
  }

  /** The watcher of a key that a caller waits for or watches. */
  get({ mapKey }: JobKey): KeyWatcher | undefined {
    return this.#watchers.get(mapKey)
  }

  /** The state of a key that this process executes itself. */
  local({ mapKey }: JobKey): StoredState | undefined {
    const execution = this.#running.get(mapKey)
    return execution?.isOwner ? execution.storedState() : undefined
  }

  read({ key }: JobKey): Promise<StoredState> {
    return readState(this.calls, key)
  }

  /** Ends all waits and watches, and every later one. */
  close(reason: Error): void {
    this.#closed = reason
    for (const watcher of this.#watchers.values()) watcher.error(reason)
  }
}
