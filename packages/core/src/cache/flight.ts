import { SelfDeadlockError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import { callChain, contains, innermost } from '../support/call-chain.ts'
import { StringMap } from '../support/string-map.ts'
import type { TimerEntry, TimerQueue } from '../support/timer-queue.ts'
import type { Copies } from './copies.ts'
import { LoadTimeoutError } from './errors.ts'

/** How a flight ended. */
export type Landing =
  /** `copies`: what hits would give; undefined where nothing was made. */
  | { readonly how: 'loaded'; readonly value: unknown; readonly copies: Copies | undefined }
  | { readonly how: 'failed'; readonly error: unknown }
  /** Another process loads: its placeholder. */
  | { readonly how: 'busy'; readonly guardKey: string; readonly placeholder: string }
  /** There is something else now: look again. */
  | { readonly how: 'again' }
  /** The storage could not be reached, or refused, before the load began. */
  | { readonly how: 'out'; readonly error: unknown }

/** What keeps other processes from loading the same key: see `load-once.ts`. */
export type Guard = 'placeholder' | 'refresh' | 'none'

/**
 * How the wait for a load ends when it is not the load that ends it. An object, for V8 keeps what a function would hold until
 * the next full collection: that was half of what the collector had to do for a miss.
 */
export interface LoadUnderWay {
  readonly deadlines: TimerQueue
  readonly timeoutMs: number
  readonly reject: (reason: unknown) => void
}

/** The load of one key in this process, from taking its guard to storing what it made, and those who wait for it. */
export class Flight implements TimerEntry {
  index: number = -1
  /** When the load has taken too long. */
  dueAt: number = Infinity
  readonly key: string
  readonly entryKey: string
  readonly storage: Storage
  readonly guard: Guard
  /** When the load began, in the order of all calls of the cache; undefined before. */
  began: number | undefined
  /** The same on the monotonic clock. */
  beganAt: number = Infinity
  /** What is under the key until another process or program changes it: of this load, or, without a guard, of another process's. */
  placeholder: string | undefined
  /** The same when a value is replaced: how that begins. */
  head: string | undefined
  /** The generations that the load began under. */
  joined: string | undefined
  /** What said then whether a tag has been invalidated. */
  tagChanges: string | null | undefined
  /** How many invalidations of this process came before it. */
  invalidations = 0
  #landing: Promise<Landing> | undefined
  #land: ((landing: Landing) => void) | undefined
  /** Flights that the load of this one waits for. */
  #waitsFor: Set<Flight> | undefined
  /** The flight whose load is this one's as well. */
  #lead: Flight | undefined
  #landed: Landing | undefined
  #callers = 0
  #isBackground = false
  #controller: AbortController | undefined
  #load: LoadUnderWay | undefined
  #aborted: { readonly reason: unknown } | undefined

  constructor(key: string, entryKey: string, storage: Storage, guard: Guard) {
    this.key = key
    this.entryKey = entryKey
    this.storage = storage
    this.guard = guard
  }

  /** Made for who waits for it: of the flights of a load of many most are waited for by no caller. */
  get landing(): Promise<Landing> {
    return (this.#landing ??=
      this.#landed === undefined
        ? new Promise((resolve) => (this.#land = resolve))
        : Promise.resolve(this.#landed))
  }

  land(landing: Landing): void {
    this.#landed = landing
    this.#land?.(landing)
  }

  /** The load's signal; made when the load asks for it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason)
    return this.#controller.signal
  }

  get aborted(): { readonly reason: unknown } | undefined {
    return this.#aborted
  }

  /** Aborts the load's signal, and ends the flight without waiting for the load. */
  abort(reason: unknown): void {
    if (this.#aborted !== undefined || this.#landed !== undefined) return
    this.#aborted = { reason }
    this.#controller?.abort(reason)
    this.#endLoad(reason)
  }

  /** An abort ends its wait for the load. */
  set load(load: LoadUnderWay) {
    this.#load = load
    if (this.#aborted !== undefined) this.#endLoad(this.#aborted.reason)
  }

  /** The load has ended. */
  endDeadline(): void {
    this.#load?.deadlines.remove(this)
  }

  #endLoad(reason: unknown): void {
    this.endDeadline()
    this.#load?.reject(reason)
  }

  onDue(): void {
    if (this.#load !== undefined) this.abort(new LoadTimeoutError(this.key, this.#load.timeoutMs))
  }

  /** It goes on although no caller waits for it. */
  toBackground(): void {
    this.#isBackground = true
  }

  enter(): void {
    this.#callers += 1
  }

  /** With the last caller who waits, the load has no purpose any more. */
  leave(reason: unknown): void {
    this.#callers -= 1
    if (this.#callers === 0 && !this.#isBackground) this.abort(reason)
  }

  /** @throws SelfDeadlockError when the load around this call is one that this flight waits for, or this flight itself */
  refuseRing(): void {
    const around = innermost(Flight)
    if (around !== undefined && this.#reaches(around)) throw deadlock(this.key, around.key)
  }

  /** Waits as a part of the load around this call, if it is in one. */
  waitedFor<T>(work: Promise<T>): Promise<T> {
    const around = innermost(Flight)
    if (around === undefined) return work
    const waitsFor = (around.#waitsFor ??= new Set())
    waitsFor.add(this)
    return work.finally(() => waitsFor.delete(this))
  }

  /** Its load is one with that of another key. */
  loadsWith(lead: Flight): void {
    this.#lead = lead
  }

  #reaches(other: Flight, seen: Set<Flight> = new Set()): boolean {
    if (this === other) return true
    if (seen.has(this)) return false
    seen.add(this)
    for (const next of this.#waitsFor ?? []) if (next.#reaches(other, seen)) return true
    return this.#lead !== undefined && this.#lead.#reaches(other, seen)
  }
}

/** @throws SelfDeadlockError when a load around this call is that of the same key */
export function refuseOwnKey(key: string, entryKey: string, storage: Storage): void {
  if (isAround(entryKey, storage)) throw deadlock(key, key)
}

/** Whether a load around this call is that of the key. */
export function isAround(entryKey: string, storage: Storage): boolean {
  const isSame = (flight: Flight): boolean => flight.entryKey === entryKey && flight.storage === storage
  return contains(callChain(), Flight, isSame)
}

function deadlock(key: string, around: string): SelfDeadlockError {
  const which = key === around ? 'its own key' : `${JSON.stringify(key)}, whose load waits for it`
  return new SelfDeadlockError(
    `The load of ${JSON.stringify(around)} asks for ${which}, so it would wait for itself. Load the value directly.`,
  )
}

/** Loads of this process by their placeholder: another cache in it that waits for one is a part of the same ring. */
export const flightsByPlaceholder: StringMap<Flight> = new StringMap()
