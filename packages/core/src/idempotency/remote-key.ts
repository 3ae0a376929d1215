import { hasCode } from '../errors.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { RecordEntry, RecordKey, Unsubscribe } from '../storage/records.ts'
import { leaseRemaining } from './decide.ts'
import type { Observer } from './observer.ts'
import { type VersionedRecord, type StoredState, currentOf } from './record.ts'

/** A lost hint costs at most this much; nothing else polls. */
const POLL_MS = 2_000
const RETRY_MS = 250
/** How soon a subscription that was refused (rights) is tried again; until then polling has to do. */
const REFUSED_MS = 60_000

interface Listener {
  readonly observer: Observer
  /** What it knows already: nothing older may be told. */
  readonly seen: StoredState | undefined
  /** The first read that was sent after it came. */
  readonly fromRead: number
}

/**
 * One key that somebody else may write: subscribe, then read, then wait for a hint or for the moment at which the
 * state changes by time alone. In this order no wake-up can be lost, and a hint that is lost costs one poll. A hint that
 * carries what was written saves the read where it continues what was read here: the same execution, a later revision.
 * Any other is only a reason to read, because channels know no databases: what another app on the same server writes
 * under the same key arrives here too. Where subscribing is not possible, polling remains.
 */
export class RemoteKey {
  readonly #calls: StorageClient
  readonly #key: RecordKey
  readonly #listeners = new Set<Listener>()
  #latest: StoredState | undefined
  #trouble: Error | undefined
  /** When to read again, on the monotonic clock. */
  #readAt = -Infinity
  /** However much is heard: a hint may come from a server that is none any more. */
  #pollAt = -Infinity
  #reads = 0
  /** The last read that was answered. */
  #answered = 0
  /** How often a hint was believed. */
  #told = 0
  #subscribing: Promise<void> | undefined
  #unsubscribe: Unsubscribe | undefined
  #subscribeAt = -Infinity
  /** How often subscribing has failed since it last succeeded. */
  #refusals = 0
  #closed = false
  #hinted = false
  #wake: () => void = () => undefined

  constructor(calls: StorageClient, key: RecordKey) {
    this.#calls = calls
    this.#key = key
    void this.#follow()
  }

  /** The state as of the last change that was heard of. */
  get latest(): StoredState | undefined {
    return this.#latest
  }

  /** Why the last read failed; undefined when it did not. */
  get trouble(): Error | undefined {
    return this.#trouble
  }

  /** Tells the present state and every later one; never one that is older than `seen`, or than this call. */
  add(observer: Observer, seen: StoredState | undefined): () => number {
    const listener = { observer, seen, fromRead: this.#reads + 1 }
    this.#listeners.add(listener)
    if (this.#latest !== undefined) {
      if (isNoOlder(this.#latest, seen)) observer.tell(this.#latest)
      else this.#hint()
    }
    return () => {
      this.#listeners.delete(listener)
      return this.#listeners.size
    }
  }

  close(): void {
    this.#closed = true
    this.#wake()
    this.#endSubscription()
  }

  async #follow(): Promise<void> {
    const { runtime } = this.#calls
    while (!this.#closed) {
      const waitMs = this.#readAt - runtime.monotonicNow()
      if (this.#hinted || waitMs <= 0) await this.#refresh()
      else await this.#sleep(waitMs)
    }
  }

  async #refresh(): Promise<void> {
    const { storage, runtime } = this.#calls
    try {
      if (storage.connection.state !== 'ready') await this.#calls.call(async () => undefined)
      await this.#subscribe()
      this.#hinted = false
      const read = (this.#reads += 1)
      const told = this.#told
      const { reply } = await this.#calls.call(() => storage.records.read(this.#key))
      const view = { current: currentOf(reply.entry), now: reply.now }
      // Overtaken by a hint: the next read, which is sent after it, decides.
      if (told !== this.#told && !isNoOlder(view, this.#latest)) return this.#hint()
      this.#answered = read
      this.#pollAt = runtime.monotonicNow() + POLL_MS
      this.#learn(view)
    } catch (error) {
      this.#hinted = false
      this.#trouble = error as Error
      const isDown = hasCode(error, 'STORAGE_UNAVAILABLE')
      this.#readAt = runtime.monotonicNow() + (isDown ? RETRY_MS : POLL_MS)
      // The storage may be back, or the right be given, before the deadline of those who wait. Nothing else gets better.
      if (isDown || hasCode(error, 'STORAGE_REFUSED')) return
      for (const { observer } of this.#listeners) observer.failed(error as Error)
    }
  }

  /** What is stored now, as far as anybody here knows. */
  #learn(view: StoredState): void {
    this.#trouble = undefined
    this.#latest = view
    const quietMs = Math.min(this.#untilChange(view), this.#untilSubscribing())
    this.#readAt = Math.min(this.#pollAt, this.#calls.runtime.monotonicNow() + quietMs)
    for (const { observer, seen, fromRead } of this.#listeners) {
      if (this.#answered >= fromRead || isNoOlder(view, seen)) observer.tell(view)
      // It will be told by a read of its own.
      else this.#hint()
    }
  }

  #hear(written: RecordEntry | undefined): void {
    const current = written && readable(written)
    if (current === undefined || !this.continues(current)) return this.#hint()
    if (current.rev === this.#latest?.current?.rev) return
    this.#told += 1
    this.#learn({ current, now: current.writtenAt })
    this.#wake()
  }

  /** Whether it is what is known, or a later state of the same execution, which no other database can have written. */
  continues({ record, rev }: VersionedRecord): boolean {
    const known = this.#latest?.current
    return record.executionId === known?.record.executionId && rev >= known.rev
  }

  /** Resolves when hints arrive, or when there is no use in waiting for that any longer. */
  async #subscribe(): Promise<void> {
    const { runtime, callTimeoutMs } = this.#calls
    // Nobody waits a second time for a subscription that is not confirmed: polling goes on meanwhile.
    if (this.#unsubscribe !== undefined || this.#subscribing !== undefined) return
    if (runtime.monotonicNow() < this.#subscribeAt) return
    this.#subscribing = this.#open()
    let stopWaiting: (() => void) | undefined
    const patience = new Promise<void>((resolve) => {
      const timer = runtime.setTimer(callTimeoutMs, resolve)
      stopWaiting = () => timer.cancel()
    })
    await Promise.race([this.#subscribing, patience])
    stopWaiting?.()
  }

  async #open(): Promise<void> {
    const { runtime, storage } = this.#calls
    try {
      this.#unsubscribe = await storage.records.subscribe(this.#key, (written) => this.#hear(written))
      this.#refusals = 0
      // It may have taken so long that a read did not wait for it: what was missed is seen by one more.
      this.#hint()
      if (this.#closed) this.#endSubscription()
    } catch (error) {
      const refused = hasCode(error, 'STORAGE_REFUSED')
      const retryMs = Math.min(POLL_MS, RETRY_MS * 2 ** this.#refusals)
      this.#refusals += 1
      this.#subscribeAt = runtime.monotonicNow() + (refused ? REFUSED_MS : retryMs)
    } finally {
      this.#subscribing = undefined
    }
  }

  /** Without a subscription that could be had again soon, hints are missed. */
  #untilSubscribing(): number {
    if (this.#unsubscribe !== undefined || this.#subscribing !== undefined) return Infinity
    return Math.max(1, this.#subscribeAt - this.#calls.runtime.monotonicNow())
  }

  #endSubscription(): void {
    this.#unsubscribe?.().catch(() => undefined)
    this.#unsubscribe = undefined
  }

  #untilChange({ current, now }: StoredState): number {
    if (current?.record.status !== 'executing') return POLL_MS
    const untilStalled = leaseRemaining(current.record, current, now)
    if (untilStalled === 0) return POLL_MS
    // Not all processes at the same moment.
    return Math.min(POLL_MS, untilStalled + 1 + this.#calls.runtime.random() * 10)
  }

  #hint(): void {
    this.#hinted = true
    this.#wake()
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#calls.runtime.setTimer(ms, () => this.#wake())
      this.#wake = () => {
        timer.cancel()
        this.#wake = () => undefined
        resolve()
      }
    })
  }
}

/** Revisions grow; where there is none, or a storage has forgotten the last ones, its clock says which came later. */
function isNoOlder(view: StoredState, seen: StoredState | undefined): boolean {
  if (seen === undefined) return false
  if (seen.current !== null && view.current !== null && view.current.rev >= seen.current.rev) return true
  return view.now > seen.now
}

/** Undefined for what nobody here understands: whoever reads it is told why. */
function readable(written: RecordEntry): VersionedRecord | undefined {
  try {
    return currentOf(written)
  } catch {
    return undefined
  }
}
