import { isUnavailable } from '../errors.ts'
import { CallerSignal } from './caller-signal.ts'
import { CallerWait } from './caller-wait.ts'
import { isEarly } from './early-refresh.ts'
import type { Namespace } from './engine.ts'
import { type Accepts, type Read, cacheEntryOf, readValue } from './read-value.ts'
import { type Flight, type Landing, flightsByPlaceholder, refuseOwnKey } from './flight.ts'
import type { AnyLoad } from './load.ts'
import { takeOff } from './load-once.ts'
import type { Found } from './lookup.ts'
import type { CallPolicy } from './options.ts'
import { isOut } from './storage-gate.ts'
import type { Wait } from './waits.ts'

/** One `getOrCreate`: it looks, and then loads, shares a load, or waits for one, until it has a value. */
export class GetOrCreate {
  readonly #space: Namespace
  readonly #key: string
  readonly #entryKey: string
  readonly #load: AnyLoad
  readonly #policy: CallPolicy
  readonly #accepts: Accepts | undefined
  /** Called when this call has its value, shares a load, waits for one, or fails; its own load decides it otherwise. */
  readonly #onDecided: (() => void) | undefined
  /** In the order of all calls and loads: a load that began later serves this call, whatever was removed before. */
  readonly #order: number
  readonly #signal: CallerSignal
  readonly #wait: CallerWait
  #isFirstLook = true
  #lookedAt = 0

  /** `accepts`: whether a stored value is one that the caller can use; the others are misses. */
  constructor(
    space: Namespace,
    key: string,
    load: AnyLoad,
    policy: CallPolicy,
    accepts?: Accepts,
    onDecided?: () => void,
  ) {
    this.#space = space
    this.#key = key
    this.#entryKey = space.scope.entryKey(key)
    this.#load = load
    this.#policy = policy
    this.#accepts = accepts
    this.#onDecided = onDecided
    this.#signal = new CallerSignal(policy.signal, key)
    this.#wait = new CallerWait(space, key, policy)
    this.#order = space.engine.nextOrder()
  }

  async run(): Promise<unknown> {
    try {
      for (;;) {
        this.#signal.check()
        const wakes = this.#wait.current?.wakes ?? 0
        const answer = await this.#look(wakes)
        if (answer !== undefined) return answer.value
      }
    } finally {
      this.#wait.leave()
      this.#onDecided?.()
    }
  }

  /** Undefined: it is worth to look again. */
  async #look(wakes: number): Promise<{ readonly value: unknown } | undefined> {
    const { lookup, runtime } = this.#space.engine
    this.#lookedAt = runtime.monotonicNow()
    let found: Found
    try {
      const finding = lookup.find(
        this.#space.scope,
        this.#space.policy.codec,
        [this.#entryKey],
        this.#policy.tags,
      )
      const isBound = this.#policy.signal !== undefined
      ;[found] = (await (isBound ? this.#signal.or(finding) : finding)) as [Found]
    } catch (error) {
      if (!isOut(error)) throw error
      return await this.#withoutStorage(error)
    }
    const read = readValue(this.#space, this.#key, found, this.#accepts)
    this.#countLook(read)
    const { refresh, softTimeoutMs } = this.#policy
    if (read.value !== undefined && !refresh) {
      const { isExpired } = read.entry
      if (read.state === 'fresh') {
        if (isEarly(read, this.#policy, runtime)) this.#refreshInBackground(read, 'earlyRefreshes')
        return { value: read.value.value }
      }
      if (!isExpired && softTimeoutMs === undefined) {
        this.#refreshInBackground(read)
        return { value: read.value.value }
      }
    }
    const shared = this.#shareable(read)
    if (shared !== undefined) return await this.#share(shared, read)
    if (read.state === 'loading') return await this.#waitFor(this.#entryKey, read.placeholder, read, wakes)
    return await this.#loadNow(read, wakes)
  }

  /** A load of this process whose value may be the answer: nothing can have been removed before it that was asked after. */
  #shareable(read: Read): Flight | undefined {
    const flight = this.#space.engine.flights.get(this.#entryKey)
    if (flight === undefined || flight.aborted !== undefined) return undefined
    if (flight.began === undefined) return flight
    if (this.#policy.refresh) return undefined
    if (this.#order < flight.began) return flight
    const isUntouched =
      read.state === 'loading'
        ? read.placeholder === flight.placeholder
        : read.entry !== undefined && read.entry.head === flight.head
    const { joined, tagChanges } = flight
    return isUntouched && read.joined === joined && read.tagChanges === tagChanges ? flight : undefined
  }

  async #loadNow(read: Read, wakes: number): Promise<{ readonly value: unknown } | undefined> {
    refuseOwnKey(this.#key, this.#entryKey, this.#space.engine.storage)
    const guard = read.value === undefined ? 'placeholder' : 'refresh'
    const wasReady = this.#wait.current?.isReady === true
    const flight = this.#takeOff(guard, read)
    const landing = await this.#landing(flight, read)
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

  async #share(flight: Flight, read: Read | undefined): Promise<{ readonly value: unknown } | undefined> {
    flight.refuseRing()
    this.#onDecided?.()
    this.#space.count('joined')
    this.#space.publish(() => ({ key: this.#key, type: 'joined' }))
    const landing = await this.#landing(flight, read)
    if (landing === 'soft') return read?.value
    return await this.#answer(landing, read, false)
  }

  async #waitFor(
    guardKey: string,
    placeholder: string | undefined,
    read: Read,
    wakes: number,
  ): Promise<{ readonly value: unknown } | undefined> {
    const wait = this.#enter(guardKey)
    await this.#signal.or(wait.ready)
    const alone = this.#loadedAlone(wait)
    if (alone !== undefined) return await this.#share(alone, read)
    if (this.#wait.isOver) return await this.#loadAlone(read)
    if (placeholder !== undefined && wait.registeredFor === placeholder)
      return await this.#pause(wait, placeholder, read, wakes)
    // Another caller of this process does already what comes next.
    const shared = this.#shareable(read)
    if (shared !== undefined) return await this.#share(shared, read)
    // The storage has answered: its time begins anew.
    this.#lookedAt = this.#space.engine.runtime.monotonicNow()
    // Tells the storage that this process waits; or takes over, should the load have ended.
    return await this.#loadNow(read, wakes)
  }

  async #pause(
    wait: Wait,
    placeholder: string,
    read: Read,
    wakes: number,
  ): Promise<undefined | { readonly value: unknown }> {
    const alone = this.#loadedAlone(wait)
    if (alone !== undefined) return await this.#share(alone, read)
    if (this.#wait.isOver) return await this.#loadAlone(read)
    const other = flightsByPlaceholder.get(placeholder)
    other?.refuseRing()
    const { leftMs, softLeftMs } = this.#wait
    const next = wait.next(read.value === undefined ? leftMs : Math.min(leftMs, softLeftMs), wakes)
    await this.#signal.or(other === undefined ? next : other.waitedFor(next))
    return this.#wait.softLeftMs > 0 ? undefined : read.value
  }

  /** The other process takes too long: this one loads once for all of its callers, and stores nothing. */
  async #loadAlone(read: Read): Promise<{ readonly value: unknown } | undefined> {
    refuseOwnKey(this.#key, this.#entryKey, this.#space.engine.storage)
    const flight = this.#takeOff('none', read)
    const wait = this.#wait.current
    if (wait !== undefined) wait.alone = flight
    const landing = await this.#landing(flight, read)
    return landing === 'soft' ? read.value : await this.#answer(landing, read, true)
  }

  /** The load that another caller began because its wait was over, after this call did; it may have ended by now. */
  #loadedAlone({ alone }: Wait): Flight | undefined {
    if (alone?.began === undefined || alone.aborted !== undefined) return undefined
    return this.#order < alone.began ? alone : undefined
  }

  /** A cache that cannot be reached must not take the app with it. */
  async #withoutStorage(error: unknown): Promise<{ readonly value: unknown } | undefined> {
    const { engine, policy } = this.#space
    this.#space.publish(() => ({ key: this.#key, type: 'bypassed', error }))
    const isUnreachable = isUnavailable(error)
    if (isUnreachable && !this.#policy.refresh) {
      const kept = engine.memory.get(this.#entryKey)
      if (kept !== undefined) {
        this.#countOnce('memoryHits')
        return { value: policy.codec.decode(kept as never) }
      }
    }
    this.#countOnce('misses')
    const flight = engine.flights.get(this.#entryKey)
    // While it refuses, others may remove what is there: only a load that begins later can be shared.
    const isCurrent = flight?.invalidations === engine.invalidations && this.#isRecent(flight)
    const isShared =
      flight?.aborted === undefined &&
      (flight?.began === undefined || this.#order < flight.began || (isUnreachable && isCurrent))
    if (flight !== undefined && isShared) return await this.#share(flight, undefined)
    refuseOwnKey(this.#key, this.#entryKey, engine.storage)
    const alone = this.#takeOff('none', undefined)
    const landing = await this.#landing(alone, undefined)
    return landing === 'soft' ? undefined : await this.#answer(landing, undefined, true)
  }

  /** Before the outage others may have removed what it loads: then it is no older than what is kept in memory may be. */
  #isRecent({ guard, beganAt }: Flight): boolean {
    const { runtime, memoryTtlMs } = this.#space.engine
    return guard === 'none' || runtime.monotonicNow() - beganAt <= memoryTtlMs
  }

  #takeOff(guard: 'placeholder' | 'refresh' | 'none', read: Read | undefined): Flight {
    return takeOff(this.#space, {
      key: this.#key,
      entryKey: this.#entryKey,
      guard,
      found: read,
      old: read?.value === undefined ? undefined : cacheEntryOf(read, read.now ?? read.entry.writtenAt),
      load: this.#load,
      policy: this.#policy,
      lookedAt: this.#lookedAt,
      isBackground: false,
      takesOver: this.#wait.hasBegun,
    })
  }

  #refreshInBackground(read: Read, why?: 'earlyRefreshes'): void {
    if (this.#space.engine.flights.get(this.#entryKey) !== undefined) return
    const flight = takeOff(this.#space, {
      key: this.#key,
      entryKey: this.#entryKey,
      guard: 'refresh',
      found: read,
      old: read.value === undefined ? undefined : cacheEntryOf(read, read.now ?? read.entry.writtenAt),
      load: this.#load,
      policy: this.#policy,
      lookedAt: this.#lookedAt,
      isBackground: true,
      takesOver: false,
    })
    if (why !== undefined) this.#space.count(why)
    this.#leaveBehind(flight)
  }

  /** It goes on without a caller; `close` ends it. */
  #leaveBehind(flight: Flight): void {
    flight.toBackground()
    const { background } = this.#space.engine
    if (background.has(flight)) return
    background.add(flight)
    void flight.landing.then((landing) => {
      background.delete(flight)
      if (landing.how !== 'failed' && landing.how !== 'out') return
      const { error } = landing
      this.#space.publish(() => ({ key: this.#key, type: 'refreshFailed', error }))
    })
  }

  /** `soft`: the old value is the answer now, and the load goes on. */
  async #landing(flight: Flight, read: Read | undefined): Promise<Landing | 'soft'> {
    const { softTimeoutMs } = this.#policy
    flight.enter()
    if (softTimeoutMs === undefined || read?.value === undefined) {
      try {
        return await this.#signal.or(flight.waitedFor(flight.landing))
      } catch (error) {
        flight.leave(error)
        throw error
      }
    }
    const { runtime } = this.#space.engine
    let giveUp!: () => void
    const soft = new Promise<'soft'>((resolve) => (giveUp = () => resolve('soft')))
    const timer = runtime.setTimer(softTimeoutMs, giveUp)
    try {
      const first = await this.#signal.or(Promise.race([flight.waitedFor(flight.landing), soft]))
      if (first === 'soft') this.#leaveBehind(flight)
      return first
    } catch (error) {
      flight.leave(error)
      throw error
    } finally {
      timer.cancel()
    }
  }

  async #answer(
    landing: Landing,
    read: Read | undefined,
    isOwn: boolean,
  ): Promise<{ readonly value: unknown } | undefined> {
    switch (landing.how) {
      // Another process, or another caller, was faster.
      case 'again':
      case 'busy':
        return undefined
      case 'loaded':
        return { value: isOwn || !this.#policy.copy ? landing.value : landing.copy() }
      case 'out':
        return await this.#withoutStorage(landing.error)
      case 'failed': {
        const { error } = landing
        if (
          this.#policy.onLoadError === 'stale' &&
          read?.value !== undefined &&
          (await this.#signal.or(this.#isStillThere(read)))
        )
          return read.value
        throw error
      }
    }
  }

  /** A removed value is no answer. */
  async #isStillThere(read: Read): Promise<boolean> {
    try {
      const { scope, policy, engine } = this.#space
      const [now] = await engine.lookup.find(scope, policy.codec, [this.#entryKey], this.#policy.tags)
      return now?.entry?.head === read.entry?.head && now?.state !== 'outdated'
    } catch (error) {
      // It was there when this call began, and nobody can know better.
      if (isOut(error)) return true
      throw error
    }
  }

  #enter(guardKey: string): Wait {
    this.#onDecided?.()
    return this.#wait.enter(guardKey)
  }

  #countLook(read: Read): void {
    if (!this.#isFirstLook) return
    this.#isFirstLook = false
    const type = read.value === undefined ? 'miss' : read.state === 'stale' ? 'staleHit' : 'hit'
    this.#space.count(type === 'miss' ? 'misses' : 'hits')
    if (type === 'staleHit') this.#space.count('staleHits')
    this.#space.publish(() => ({ key: this.#key, type }))
  }

  #countOnce(what: 'memoryHits' | 'misses'): void {
    if (!this.#isFirstLook) return
    this.#isFirstLook = false
    this.#space.count(what)
    if (what === 'memoryHits') this.#space.count('hits')
    this.#space.publish(() => ({ key: this.#key, type: what === 'memoryHits' ? 'memoryHit' : 'miss' }))
  }
}
