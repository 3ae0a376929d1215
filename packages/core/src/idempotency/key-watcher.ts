import { hasCode, isUnavailable } from '../errors.ts'
import type { Timer } from '../support/runtime.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { RecordEntry, RecordKey } from '../storage/records.ts'
import { leaseRemaining } from './decide.ts'
import type { JobKey } from './job-key.ts'
import { KeyHints } from './key-hints.ts'
import { type StoredState, type VersionedRecord, currentOf, readableOf } from './record.ts'

/** A lost hint costs at most this much; nothing else polls. */
const POLL_MS = 2_000
const RETRY_MS = 250

/** A caller that waits for a key or watches it. */
export interface StateObserver {
  next(state: StoredState): void
  /** Nothing follows: the instance was closed, or the stored record cannot be read. The observer unsubscribes. */
  error(reason: Error): void
}

/** What an observer gets: the state after a write, or `lost` when the storage has to be asked. */
export type Observed = StoredState | 'lost'

/** An execution of this process, as the watcher of its key sees it. */
export interface LocalExecution {
  /** Whether this process may still believe that it owns the key. */
  readonly isOwner: boolean
  storedState(): StoredState
  /** Calls the observer with every later state, the last one included. */
  observe(observer: (seen: Observed) => void): () => void
}

interface Subscription {
  /** The state that the observer knows already: it gets nothing older. */
  readonly since: StoredState | undefined
  /** The first read that is sent after it subscribed. */
  readonly firstRead: number
}

/**
 * Watches one key for all of its observers in this process. However many they are, the key costs the storage one
 * subscription and one read per change.
 *
 * An execution of this process is the source of the states while it owns the key, and costs the storage nothing. Else the
 * watcher subscribes, then reads, then waits for a hint or for the moment at which the state changes by time alone. In
 * this order no wake-up can be lost, and a lost hint costs one poll. A hint that carries the written record saves the read
 * where it continues what was read here: the same execution, a later revision. Any other hint is only a reason to read,
 * because channels know no databases: the writes of another app on the same server under the same key arrive here too.
 */
export class KeyWatcher {
  readonly #calls: StorageClient
  readonly #job: JobKey
  readonly #hints: KeyHints
  readonly #observers = new Map<StateObserver, Subscription>()
  /** The last state that became known. */
  latest: StoredState | undefined
  /** Why the last read failed; undefined when it did not. */
  lastError: Error | undefined
  #stopLocal: (() => void) | undefined
  /** When to read again, on the monotonic clock. */
  #readAt = -Infinity
  /** When to read at the latest, even while hints arrive: they may come from a demoted primary. */
  #pollAt = -Infinity
  #timer: Timer | undefined
  /** The numbers of the last read that was sent, and of the last one that was answered. */
  #sent = 0
  #answered = 0
  #isReading = false
  #readsAgain = false

  constructor(calls: StorageClient, job: JobKey) {
    this.#calls = calls
    this.#job = job
    this.#hints = new KeyHints(calls, job.key, (written) => this.#hinted(written))
  }

  /** The observer gets the present state and every later one; never one that is older than `since`, or than this call. */
  add(observer: StateObserver, since: StoredState | undefined, local: LocalExecution | undefined): void {
    this.#observers.set(observer, { since, firstRead: this.#sent + 1 })
    if (local?.isOwner) {
      this.#followLocal(local)
      observer.next(local.storedState())
      return
    }
    if (this.#stopLocal !== undefined) this.#leaveLocal(undefined)
    else if (this.latest !== undefined && isNoOlder(this.latest, since)) observer.next(this.latest)
    else this.#read()
  }

  /** True when it was the last observer; the watcher has ended then. */
  remove(observer: StateObserver): boolean {
    this.#observers.delete(observer)
    if (this.#observers.size > 0) return false
    this.#stopLocal?.()
    this.#stopRemote()
    return true
  }

  error(reason: Error): void {
    for (const observer of this.#observers.keys()) observer.error(reason)
  }

  /** Whether it is the latest state, or a later one of the same execution, which no other database can have written. */
  continues({ record, rev }: VersionedRecord): boolean {
    const known = this.latest?.current
    return record.executionId === known?.record.executionId && rev >= known.rev
  }

  #followLocal(local: LocalExecution): void {
    if (this.#stopLocal !== undefined) return
    this.#stopRemote()
    // Of a read that does not matter any more.
    this.lastError = undefined
    this.#stopLocal = local.observe((state) => {
      if (state === 'lost') return this.#leaveLocal(undefined)
      this.latest = state
      this.lastError = undefined
      for (const observer of this.#observers.keys()) observer.next(state)
      if (state.current?.record.status !== 'executing') this.#leaveLocal(state)
    })
  }

  /** Another process may write next; `since` is the state in which this process has left the key. */
  #leaveLocal(since: StoredState | undefined): void {
    this.#stopLocal?.()
    this.#stopLocal = undefined
    this.latest = since
    const subscription = { since, firstRead: this.#sent + 1 }
    for (const observer of this.#observers.keys()) this.#observers.set(observer, subscription)
    if (this.#observers.size > 0) this.#read()
  }

  #stopRemote(): void {
    this.#timer?.cancel()
    this.#hints.close()
  }

  /** Reads at once, or again as soon as the read in flight is answered. */
  #read(): void {
    this.#readsAgain = true
    if (!this.#isReading) void this.#readUntilQuiet()
  }

  async #readUntilQuiet(): Promise<void> {
    this.#timer?.cancel()
    this.#isReading = true
    while (this.#readsAgain && this.#isRemote) await this.#refresh()
    this.#isReading = false
    this.#schedule()
  }

  get #isRemote(): boolean {
    return this.#stopLocal === undefined && this.#observers.size > 0
  }

  #schedule(): void {
    this.#timer?.cancel()
    if (this.#isReading || !this.#isRemote) return
    const { runtime } = this.#calls
    this.#timer = runtime.setTimer(this.#readAt - runtime.monotonicNow(), () => this.#read())
  }

  async #refresh(): Promise<void> {
    const { storage, runtime } = this.#calls
    try {
      if (storage.connection.state !== 'ready') await this.#calls.call(async () => undefined)
      if (!this.#isRemote) return
      await this.#hints.open()
      this.#readsAgain = false
      const read = (this.#sent += 1)
      const before = this.latest
      const state = await readState(this.#calls, this.#job.key)
      if (!this.#isRemote) return
      // A hint, or an execution of this process, has overtaken it: the next read, which is sent later, decides.
      if (this.latest !== before && !isNoOlder(state, this.latest)) return this.#read()
      this.#answered = read
      this.#pollAt = runtime.monotonicNow() + POLL_MS
      this.#next(state)
    } catch (error) {
      this.#readsAgain = false
      this.lastError = error as Error
      const isDown = isUnavailable(error)
      this.#readAt = runtime.monotonicNow() + (isDown ? RETRY_MS : POLL_MS)
      // An outage may end, and a right be granted, before the observers' deadlines. Nothing else gets better.
      if (!isDown && !hasCode(error, 'STORAGE_REFUSED')) this.error(error as Error)
    }
  }

  #hinted(written?: RecordEntry): void {
    if (!this.#isRemote) return
    const current = written && readableOf(written)
    if (!current || !this.continues(current)) return this.#read()
    if (current.rev === this.latest?.current?.rev) return
    this.#next({ current, now: current.writtenAt })
    this.#schedule()
  }

  #next(state: StoredState): void {
    this.lastError = undefined
    this.latest = state
    const quietMs = Math.min(this.#untilChange(state), this.#hints.retryInMs())
    this.#readAt = Math.min(this.#pollAt, this.#calls.runtime.monotonicNow() + quietMs)
    for (const [observer, { since, firstRead }] of this.#observers) {
      if (this.#answered >= firstRead || isNoOlder(state, since)) observer.next(state)
      else this.#read()
    }
  }

  #untilChange({ current, now }: StoredState): number {
    if (current?.record.status !== 'executing') return POLL_MS
    const untilStalled = leaseRemaining(current.record, current, now)
    if (untilStalled === 0) return POLL_MS
    // Not all processes at the same moment.
    return Math.min(POLL_MS, untilStalled + 1 + this.#calls.runtime.random() * 10)
  }
}

export async function readState(calls: StorageClient, key: RecordKey): Promise<StoredState> {
  const { reply } = await calls.call(() => calls.storage.records.read(key))
  return { current: currentOf(reply.entry), now: reply.now }
}

/** Revisions grow; where there is none, or a storage has forgotten the last ones, its clock says which came later. */
function isNoOlder(state: StoredState, since: StoredState | undefined): boolean {
  if (since === undefined) return false
  if (since.current !== null && state.current !== null && state.current.rev >= since.current.rev) return true
  return state.now > since.now
}

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

  /** What this process knows without asking: the state of a key that it executes itself. */
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
