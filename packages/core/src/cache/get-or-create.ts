import { isUnavailable } from '../errors.ts'
import { CallerSignal } from './caller-signal.ts'
import { CallerWait } from './caller-wait.ts'
import { isEarly } from './early-refresh.ts'
import type { Namespace } from './engine.ts'
import { FirstLook } from './first-look.ts'
import type { FirstSight, PartOfMany } from './first-sight.ts'
import { cacheEntryOf, isStillThere, readValue } from './read-value.ts'
import type { Accepts, Read } from './read.ts'
import { type Flight, type Guard, type Landing, flightsByPlaceholder, refuseOwnKey } from './flight.ts'
import { joinFlight, leaveBehind } from './join-flight.ts'
import type { AnyLoad } from './load.ts'
import { takeOff } from './load-once.ts'
import type { Found } from './lookup.ts'
import type { CallPolicy } from './options.ts'
import { loadedAlone, sharedFlight, sharedInOutage } from './shared-flight.ts'
import { isOut } from './storage-gate.ts'
import type { Wait } from './waits.ts'

/** Undefined: it is worth to look again. */
type Answer = { readonly value: unknown } | undefined

/** One `getOrCreate`: it looks, and then loads, shares a load, or waits for one, until it has a value. */
export class GetOrCreate {
  readonly #space: Namespace
  readonly #key: string
  readonly #entryKey: string
  readonly #load: AnyLoad
  readonly #policy: CallPolicy
  readonly #accepts: Accepts | undefined
  readonly #onDecided: (() => void) | undefined
  #first: FirstSight | undefined
  /** In the order of all calls and loads: a load that began later serves this call, whatever was removed before. */
  readonly #order: number
  readonly #signal: CallerSignal
  /** Made when this call has to wait for another process. */
  #wait: CallerWait | undefined
  readonly #firstLook: FirstLook
  #lookedAt = 0

  /** `accepts`: whether a stored value is one that the caller can use; the others are misses. */
  constructor(
    space: Namespace,
    key: string,
    load: AnyLoad,
    policy: CallPolicy,
    accepts?: Accepts,
    partOfMany?: PartOfMany,
  ) {
    this.#space = space
    this.#key = key
    this.#entryKey = space.scope.entryKey(key)
    this.#load = load
    this.#policy = policy
    this.#accepts = accepts
    this.#onDecided = partOfMany?.onDecided
    this.#first = partOfMany?.first
    this.#signal = CallerSignal.of(policy.signal, key)
    this.#firstLook = new FirstLook(space, key, this.#first?.isCounted)
    this.#order = this.#first?.order ?? space.engine.nextOrder()
  }

  async run(): Promise<unknown> {
    try {
      for (;;) {
        this.#signal.check()
        const wakes = this.#wait?.current?.wakes ?? 0
        const answer = await this.#look(wakes)
        if (answer !== undefined) return answer.value
      }
    } finally {
      this.#wait?.leave()
      this.#onDecided?.()
    }
  }

  async #look(wakes: number): Promise<Answer> {
    const { lookup, runtime } = this.#space.engine
    const first = this.#first
    this.#first = undefined
    this.#lookedAt = first?.lookedAt ?? runtime.monotonicNow()
    if (first?.outage !== undefined) return await this.#withoutStorage(first.outage.error)
    const reading = this.#space.near?.enter(this.#key)
    let read: Read
    try {
      const { scope, policy } = this.#space
      if (first?.read !== undefined) read = first.read
      else {
        const finding =
          first?.finding ?? lookup.find(scope, policy.codec, [this.#entryKey], this.#policy.tags)
        const [found] = (await this.#signal.or(finding)) as [Found]
        read = readValue(this.#space, this.#key, found, this.#accepts)
      }
      reading?.found(read)
    } catch (error) {
      if (!isOut(error)) throw error
      return await this.#withoutStorage(error)
    } finally {
      reading?.leave()
    }
    this.#firstLook.found(read.value === undefined ? 'miss' : read.state === 'stale' ? 'staleHit' : 'hit')
    const { refresh, softTimeoutMs } = this.#policy
    if (read.value !== undefined && !refresh) {
      const { isExpired } = read.entry
      if (read.state === 'fresh') {
        if (isEarly(read, this.#policy, runtime, reading?.leadMs))
          this.#refreshInBackground(read, 'earlyRefreshes')
        return { value: read.value.value }
      }
      if (!isExpired && softTimeoutMs === undefined) {
        this.#refreshInBackground(read)
        return { value: read.value.value }
      }
    }
    const shared = sharedFlight(this.#space.engine, this.#entryKey, this.#order, read, this.#policy)
    if (shared !== undefined) return await this.#share(shared, read)
    if (read.state === 'loading') return await this.#waitFor(this.#entryKey, read.placeholder, read, wakes)
    return await this.#loadNow(read, wakes)
  }

  async #loadNow(read: Read, wakes: number): Promise<Answer> {
    refuseOwnKey(this.#key, this.#entryKey, this.#space.engine.storage)
    const guard = read.value === undefined ? 'placeholder' : 'refresh'
    const wasReady = this.#wait?.current?.isReady === true
    const flight = this.#takeOff(guard, read)
    const landing = await this.#join(flight, read)
    if (landing === 'soft') return read.value
    if (landing.how !== 'busy') return await this.#answer(landing, read, true)
    const wait = this.#enter(landing.guardKey)
    // The storage knows now that this process waits; it may have said so before this process could hear it.
    wait.registeredFor = landing.placeholder
    if (!wasReady) {
      await this.#signal.or(wait.ready)
      return undefined
    }
    return await this.#pause(wait, landing.placeholder, read, wakes)
  }

  async #share(flight: Flight, read: Read | undefined): Promise<Answer> {
    flight.refuseRing()
    this.#onDecided?.()
    this.#space.count('joined')
    this.#space.publish(() => ({ key: this.#key, type: 'joined' }))
    const landing = await this.#join(flight, read)
    if (landing === 'soft') return read?.value
    return await this.#answer(landing, read, false)
  }

  async #waitFor(
    guardKey: string,
    placeholder: string | undefined,
    read: Read,
    wakes: number,
  ): Promise<Answer> {
    const wait = this.#enter(guardKey)
    await this.#signal.or(wait.ready)
    const alone = loadedAlone(wait, this.#order)
    if (alone !== undefined) return await this.#share(alone, read)
    if (this.#wait?.isOver === true) return await this.#loadAlone(read)
    if (placeholder !== undefined && wait.registeredFor === placeholder)
      return await this.#pause(wait, placeholder, read, wakes)
    // Another caller of this process does already what comes next.
    const shared = sharedFlight(this.#space.engine, this.#entryKey, this.#order, read, this.#policy)
    if (shared !== undefined) return await this.#share(shared, read)
    // The storage has answered: its time begins anew.
    this.#lookedAt = this.#space.engine.runtime.monotonicNow()
    // Tells the storage that this process waits; or takes over, should the load have ended.
    return await this.#loadNow(read, wakes)
  }

  async #pause(wait: Wait, placeholder: string, read: Read, wakes: number): Promise<Answer> {
    const alone = loadedAlone(wait, this.#order)
    if (alone !== undefined) return await this.#share(alone, read)
    if (this.#wait?.isOver === true) return await this.#loadAlone(read)
    const other = flightsByPlaceholder.get(placeholder)
    other?.refuseRing()
    const { leftMs = 0, softLeftMs = 0 } = this.#wait ?? {}
    const next = wait.next(read.value === undefined ? leftMs : Math.min(leftMs, softLeftMs), wakes)
    await this.#signal.or(other === undefined ? next : other.waitedFor(next))
    return (this.#wait?.softLeftMs ?? 0) > 0 ? undefined : read.value
  }

  /** The other process takes too long: this one loads once for all of its callers, and stores nothing. */
  async #loadAlone(read: Read): Promise<Answer> {
    refuseOwnKey(this.#key, this.#entryKey, this.#space.engine.storage)
    const flight = this.#takeOff('none', read)
    const wait = this.#wait?.current
    if (wait !== undefined) wait.alone = flight
    const landing = await this.#join(flight, read)
    return landing === 'soft' ? read.value : await this.#answer(landing, read, true)
  }

  /** A cache that cannot be reached must not take the app with it. */
  async #withoutStorage(error: unknown): Promise<Answer> {
    const { engine, policy } = this.#space
    this.#space.publish(() => ({ key: this.#key, type: 'bypassed', error }))
    const isUnreachable = isUnavailable(error)
    if (isUnreachable && !this.#policy.refresh) {
      const kept = engine.memory.get(this.#entryKey)
      if (kept !== undefined) {
        this.#firstLook.found('memoryHit')
        return { value: policy.codec.decode(kept as never) }
      }
      const { near, copy } = this.#policy
      const lost = near ? this.#space.near?.lost(this.#key, copy) : undefined
      if (lost !== undefined) {
        this.#firstLook.found('memoryHit')
        return { value: lost }
      }
    }
    this.#firstLook.found('miss')
    const shared = sharedInOutage(engine, this.#entryKey, this.#order, isUnreachable)
    if (shared !== undefined) {
      const answer = await this.#share(shared, undefined)
      // It joined a load that had begun before it. Where the storage answers again, that says whether its value counts.
      const isOlder = shared.began !== undefined && shared.began < this.#order
      return isOlder && engine.gate.breaker === 'closed' ? undefined : answer
    }
    refuseOwnKey(this.#key, this.#entryKey, engine.storage)
    const alone = this.#takeOff('none', undefined)
    const landing = await this.#join(alone, undefined)
    return landing === 'soft' ? undefined : await this.#answer(landing, undefined, true)
  }

  #takeOff(guard: Guard, read: Read | undefined, isBackground = false): Flight {
    return takeOff(this.#space, {
      key: this.#key,
      entryKey: this.#entryKey,
      guard,
      found: read,
      old: read?.value === undefined ? undefined : cacheEntryOf(read, read.now ?? read.entry.writtenAt),
      load: this.#load,
      policy: this.#policy,
      lookedAt: this.#lookedAt,
      isBackground,
      takesOver: !isBackground && this.#wait?.hasBegun === true,
    })
  }

  #refreshInBackground(read: Read, why?: 'earlyRefreshes'): void {
    if (this.#space.engine.flights.get(this.#entryKey) !== undefined) return
    const flight = this.#takeOff('refresh', read, true)
    if (why !== undefined) this.#space.count(why)
    leaveBehind(this.#space, flight)
  }

  #join(flight: Flight, read: Read | undefined): Promise<Landing | 'soft'> {
    const softTimeoutMs = read?.value === undefined ? undefined : this.#policy.softTimeoutMs
    return joinFlight(this.#space, flight, this.#signal, softTimeoutMs)
  }

  #answer(landing: Landing, read: Read | undefined, isOwn: boolean): Answer | Promise<Answer> {
    switch (landing.how) {
      // Another process, or another caller, was faster.
      case 'again':
      case 'busy':
        return undefined
      case 'loaded':
        return { value: isOwn || !this.#policy.copy ? landing.value : landing.copies?.next() }
      case 'out':
        return this.#withoutStorage(landing.error)
      case 'failed':
        return this.#afterFailure(landing.error, read)
    }
  }

  async #afterFailure(error: unknown, read: Read | undefined): Promise<Answer> {
    if (
      this.#policy.onLoadError === 'stale' &&
      read?.value !== undefined &&
      (await this.#signal.or(isStillThere(this.#space, this.#entryKey, this.#policy, read)))
    )
      return read.value
    throw error
  }

  #enter(guardKey: string): Wait {
    this.#onDecided?.()
    this.#wait ??= new CallerWait(this.#space, this.#key, this.#policy)
    return this.#wait.enter(guardKey)
  }
}
