import { detached, enter } from '../support/call-chain.ts'
import type { Timer } from '../support/runtime.ts'
import type { StoredValue } from '../storage/values.ts'
import { hasCode, isUnavailable } from '../errors.ts'
import { type CacheCodec, encodeData } from './compressed-codec.ts'
import type { Engine, Namespace } from './engine.ts'
import { type EntryResult, isEntryResult } from './entry-result.ts'
import { readEntry, writeEntry } from './entry.ts'
import { LoadTimeoutError } from './errors.ts'
import type { AnyLoad, CacheEntry, LoadContext } from './load.ts'
import { loads } from './events.ts'
import { Flight, type Guard, flightsByPlaceholder } from './flight.ts'
import { type Found, placeholderMark, placeholderOf } from './lookup.ts'
import type { EntryPolicy, LoadPolicy } from './options.ts'
import { isOut } from './storage-gate.ts'

/** For how long a dead loader keeps the others waiting: its guard is prolonged while the load runs. */
const GUARD_MS = 4_000

export interface FlightPlan {
  readonly key: string
  readonly entryKey: string
  readonly guard: Guard
  /** What the caller found; undefined while the storage cannot be reached. */
  readonly found: Found | undefined
  /** The value that it replaces. */
  readonly old: CacheEntry<unknown> | undefined
  readonly load: AnyLoad
  readonly policy: LoadPolicy
  /** When the caller began to look: it waits for the storage no longer in all than for one command. */
  readonly lookedAt: number
  /** No caller waits for it. */
  readonly isBackground: boolean
  /** Whether the caller had waited for another process's load before. */
  readonly takesOver: boolean
}

/**
 * One load of a key in this process, and as long as all goes well in all processes. What keeps the others from loading is a
 * placeholder:
 *
 * - `placeholder`: under the key of the entry, where nothing is. Whoever removes or overwrites the key, with whatever
 *   tool, destroys it, and the loaded value is not stored then (a lease as in Nishtala et al., "Scaling Memcache at
 *   Facebook", 2013).
 * - `refresh`: under a key beside it, because the value stays; it replaces exactly the value that its caller saw.
 * - `none`: the storage is out, or another process takes too long. The value is not stored.
 */
export function takeOff(space: Namespace, plan: FlightPlan): Flight {
  const { engine } = space
  const flight = new Flight(plan.key, plan.entryKey, engine.storage, plan.guard)
  flight.joined = plan.found?.joined
  flight.tagChanges = plan.found?.tagChanges
  flight.head = plan.guard === 'refresh' ? plan.found?.entry?.head : undefined
  engine.flights.set(plan.entryKey, flight)
  const fly = async (): Promise<void> => {
    const landed = await new Flying(space, plan, flight).run()
    // Before its callers go on: they must not find it again.
    if (engine.flights.get(plan.entryKey) === flight) engine.flights.delete(plan.entryKey)
    flight.land(landed)
  }
  if (plan.isBackground) void detached(fly)
  else void fly()
  return flight
}

type Landed = Parameters<Flight['land']>[0]

/** Its signal is made when the load asks for it. */
class ContextOf implements LoadContext<unknown> {
  readonly stale: CacheEntry<unknown> | undefined
  readonly #flight: Flight

  constructor(flight: Flight, stale: CacheEntry<unknown> | undefined) {
    this.#flight = flight
    this.stale = stale
  }

  get signal(): AbortSignal {
    return this.#flight.signal
  }
}

class Flying {
  readonly #space: Namespace
  readonly #engine: Engine
  readonly #plan: FlightPlan
  readonly #flight: Flight
  readonly #guardKey: string
  #placeholder: string | undefined
  #generations: readonly string[] = []

  constructor(space: Namespace, plan: FlightPlan, flight: Flight) {
    this.#space = space
    this.#engine = space.engine
    this.#plan = plan
    this.#flight = flight
    flight.invalidations = space.engine.invalidations
    this.#guardKey = plan.guard === 'refresh' ? space.scope.refreshKey(plan.entryKey) : plan.entryKey
  }

  /** Never rejects. */
  async run(): Promise<Landed> {
    const { guard, found } = this.#plan
    if (guard === 'none') {
      this.#flight.placeholder = found?.placeholder
    } else {
      try {
        const refused = await this.#takeGuardInTime()
        if (refused !== undefined) return refused
      } catch (error) {
        return { how: 'out', error }
      }
    }
    const { runtime } = this.#engine
    const waitedMs = runtime.monotonicNow() - this.#plan.lookedAt
    if (this.#placeholder !== undefined) flightsByPlaceholder.set(this.#placeholder, this.#flight)
    const renewal = this.#placeholder === undefined ? undefined : this.#keepGuard(this.#placeholder)
    try {
      const made = await this.#load()
      renewal?.stop()
      return await this.#store(made, runtime.monotonicNow() - waitedMs)
    } catch (error) {
      renewal?.stop()
      // A call from now on loads for itself: the error is for those who have joined.
      const { flights } = this.#engine
      if (flights.get(this.#plan.entryKey) === this.#flight) flights.delete(this.#plan.entryKey)
      await this.#dropGuard(runtime.monotonicNow() - waitedMs)
      return { how: 'failed', error }
    } finally {
      if (this.#placeholder !== undefined) flightsByPlaceholder.delete(this.#placeholder)
    }
  }

  async #takeGuardInTime(): Promise<Landed | undefined> {
    const taking = this.#takeGuard()
    try {
      return await this.#engine.gate.inTime(this.#plan.lookedAt, taking)
    } catch (error) {
      // Should it be taken after all, it is of no use.
      void taking.then(
        () => this.#dropGuard(this.#engine.runtime.monotonicNow()),
        () => undefined,
      )
      throw error
    }
  }

  /** Undefined: it is taken. */
  async #takeGuard(): Promise<Landed | undefined> {
    const { scope } = this.#space
    const { gate, generations, runtime, lookup } = this.#engine
    const { found, policy, entryKey, guard } = this.#plan
    const mark = placeholderMark(runtime.randomId())
    let instead: Uint8Array | undefined
    if (guard === 'placeholder' && found?.state === 'outdated' && found.entry !== undefined) {
      const { head } = found.entry
      await gate.call(() => gate.values.removeIf(entryKey, head))
    } else if (guard === 'placeholder' && found?.state === 'unreadable') {
      instead = (await lookup.raw(entryKey)) ?? undefined
      // Another caller may have put its placeholder, or its value, there meanwhile.
      if (instead !== undefined && !this.#isUnreadable(instead)) return { how: 'again' }
    }
    const keys = [...scope.generationKeys, scope.tagChangesKey]
    for (const tag of policy.tags) keys.push(scope.tagKey(tag))
    // They must outlive the load as well.
    const lifeMs = policy.ttlMs + policy.staleMs + policy.hardTimeoutMs
    const seen = [...(found?.generations ?? []), found?.tagChanges ?? null]
    // Read by its caller, who named the same ones; undefined counts as missing.
    for (let i = 0; i < policy.tags.length; i += 1) seen.push(found?.tagGenerations[i] ?? null)
    const reserve = gate.call(() => gate.values.reserve(this.#guardKey, mark, GUARD_MS, instead))
    // It may fail while the generations are on their way.
    reserve.catch(() => undefined)
    try {
      const held = generations.hold(keys, seen, lifeMs)
      this.#generations = held instanceof Promise ? await held : held
    } catch (error) {
      reserve.then(
        async (reply) => {
          if (reply.startsWith(mark)) await this.#drop(reply).catch(() => undefined)
        },
        () => undefined,
      )
      throw error
    }
    const reply = await reserve
    if (!reply.startsWith(mark)) {
      const other = placeholderOf(reply)
      if (other === undefined) return { how: 'again' }
      return { how: 'busy', guardKey: this.#guardKey, placeholder: other }
    }
    const levels = scope.generationKeys.length
    const placeholder = placeholderOf(reply) ?? reply
    this.#placeholder = placeholder
    if (guard === 'placeholder') this.#flight.placeholder = placeholder
    this.#flight.joined = this.#generations.slice(0, levels).join('')
    this.#flight.tagChanges = this.#generations[levels]
    return undefined
  }

  #isUnreadable(stored: Uint8Array): boolean {
    const { scope, policy } = this.#space
    const { bytes, name } = policy.codec
    const shown = bytes === true ? stored : Buffer.from(stored).toString()
    return (
      placeholderOf(stored) === undefined && readEntry(shown, scope.generationKeys.length, name) === undefined
    )
  }

  #keepGuard(placeholder: string): { stop(): void } {
    const { gate, runtime } = this.#engine
    let timer: Timer | undefined
    const renew = (): void => {
      gate
        .call(() => gate.values.extend(this.#guardKey, placeholder, GUARD_MS))
        // Gone: whoever removed it wins, and the value will not be stored.
        .then(
          (isThere) => isThere || stop(),
          () => undefined,
        )
      arm()
    }
    const arm = (): void => {
      timer = runtime.setTimer(GUARD_MS / 3, renew, { background: true })
    }
    const stop = (): void => timer?.cancel()
    arm()
    return { stop }
  }

  async #load(): Promise<unknown> {
    const { key, load, old, policy, takesOver, guard, isBackground } = this.#plan
    const { runtime, of } = this.#engine
    const flight = this.#flight
    const space = this.#space
    flight.began = this.#engine.nextOrder()
    // Those who wait for the other process share this load.
    if (guard === 'none') this.#engine.waits.wake(this.#plan.entryKey)
    if (flight.aborted !== undefined) throw flight.aborted.reason
    space.count('loads')
    if (isBackground) space.count('refreshes')
    if (takesOver) space.count('takeOvers')
    const context = new ContextOf(flight, old)
    const startedAt = runtime.monotonicNow()
    flight.beganAt = startedAt
    const body = (): Promise<unknown> => enter(flight, () => load(context))
    try {
      const made = await new Promise<unknown>((resolve, reject) => {
        const timer = runtime.setTimer(
          policy.hardTimeoutMs,
          () => flight.abort(new LoadTimeoutError(key, policy.hardTimeoutMs)),
          { background: isBackground },
        )
        flight.load = { timer, reject }
        const run = loads.traced ? loads.trace({ ...of, namespace: space.scope.path, key }, body) : body()
        run.finally(() => timer.cancel()).then(resolve, reject)
      })
      const durationMs = runtime.monotonicNow() - startedAt
      space.count('loadMs', durationMs)
      space.publish(() => ({ key, type: 'loaded', durationMs, found: made !== undefined }))
      return made
    } catch (error) {
      const durationMs = runtime.monotonicNow() - startedAt
      space.count('loadFailures')
      space.count('loadMs', durationMs)
      space.publish(() => ({ key, type: 'loadFailed', durationMs, error }))
      throw error
    } finally {
      this.#loadMs = runtime.monotonicNow() - startedAt
    }
  }

  #loadMs = 0

  /** `since`: as if the caller had begun to wait for the storage then, what it waited before the load included. */
  async #store(made: unknown, since: number): Promise<Landed> {
    const { policy: ofSpace } = this.#space
    const result: EntryResult<unknown> | undefined = isEntryResult(made) ? made : undefined
    const value = result === undefined ? made : result.value
    if (value === undefined) {
      await this.#dropGuard(since)
      return { how: 'loaded', value, copy: () => undefined }
    }
    const policy: EntryPolicy = result === undefined ? this.#plan.policy : result.over(this.#plan.policy)
    const payload = encode(ofSpace.codec, value)
    const landed: Landed = { how: 'loaded', value, copy: () => ofSpace.codec.decode(payload as never) }
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
    if (bytes > ofSpace.maxValueBytes) {
      this.#space.count('oversize')
      this.#space.publish(() => ({ key: this.#plan.key, type: 'oversize', bytes }))
      await this.#dropGuard(since)
      return landed
    }
    if (this.#plan.guard === 'none') {
      this.#keepInMemory(payload, bytes, policy)
      return landed
    }
    try {
      if (!(await this.#engine.gate.inTime(since, this.#fill(payload, policy, since)))) {
        this.#space.count('fillsRefused')
        this.#space.publish(() => ({ key: this.#plan.key, type: 'fillRefused' }))
      }
    } catch (error) {
      // Its callers get what was loaded, also when the cache or its client was closed meanwhile.
      if (!isOut(error) && !isClosed(error)) throw error
      this.#space.publish(() => ({ key: this.#plan.key, type: 'bypassed', error }))
      if (isUnavailable(error)) this.#keepInMemory(payload, bytes, policy)
      await this.#dropGuard(since)
    }
    return landed
  }

  /** False: the key was removed or set meanwhile, or invalidated, and that wins. */
  async #fill(payload: StoredValue, policy: EntryPolicy, since: number): Promise<boolean> {
    const { gate, runtime } = this.#engine
    const { entryKey, guard } = this.#plan
    const tags = (await this.#liveAsLongAs(policy)) ? await this.#tagGenerations(policy) : undefined
    if (tags === undefined) {
      await this.#dropGuard(since)
      return false
    }
    const expected = guard === 'refresh' ? this.#flight.head : this.#placeholder
    if (expected === undefined) return false
    const entry = entryOf(this.#space, policy, payload, {
      token: runtime.randomId().slice(0, 11),
      generations: this.#flight.joined ?? '',
      random: runtime.random(),
      loadMs: this.#plan.policy.earlyRefresh === false ? 0 : this.#loadMs,
      tags,
    })
    const isStored = await gate.call(() =>
      gate.values.replace(entryKey, expected, entry.stored, entry.lifeMs),
    )
    if (guard === 'refresh') await this.#dropGuard(since)
    return isStored
  }

  /**
   * Whether the generations that the load began under are there still. The load may have given its entry a longer life than
   * the call would have, and they have to last as long.
   */
  async #liveAsLongAs({ ttlMs, staleMs }: EntryPolicy): Promise<boolean> {
    const { policy } = this.#plan
    const lifeMs = ttlMs + staleMs
    if (lifeMs <= policy.ttlMs + policy.staleMs) return true
    const { scope } = this.#space
    const levels = scope.generationKeys.length
    const keys = [...scope.generationKeys, ...policy.tags.map((tag) => scope.tagKey(tag))]
    const began = [...this.#generations.slice(0, levels), ...this.#generations.slice(levels + 1)]
    const held = await this.#engine.generations.hold(keys, began, lifeMs)
    return held.every((generation, i) => generation === began[i])
  }

  /** Undefined: a tag may have been invalidated since the load began. */
  async #tagGenerations(policy: EntryPolicy): Promise<readonly (readonly [string, string])[] | undefined> {
    const { scope } = this.#space
    const { lookup, generations } = this.#engine
    const { tags } = policy
    if (tags.length === 0) return []
    const levels = scope.generationKeys.length
    const known = this.#plan.policy.tags
    if (tags.every((tag) => known.includes(tag)))
      return tags.map((tag) => [tag, this.#generations[levels + 1 + known.indexOf(tag)] as string])
    // Only the load knew of these: they are read first, and then whether any tag was invalidated since it began.
    const keys = tags.map((tag) => scope.tagKey(tag))
    const seen = await lookup.tags(scope, tags)
    const held = await generations.hold(keys, seen, policy.ttlMs + policy.staleMs)
    if ((await lookup.tagChanges(scope)) !== this.#generations[levels]) return undefined
    return tags.map((tag, i) => [tag, held[i] as string])
  }

  /** For the callers of this process while it is cut off. */
  #keepInMemory(payload: StoredValue, bytes: number, { ttlMs }: EntryPolicy): void {
    const { gate, flights, memory, memoryTtlMs, runtime } = this.#engine
    const { entryKey } = this.#plan
    // Whoever invalidated it meanwhile has had this load forgotten.
    if (gate.breaker !== 'open' || flights.get(entryKey) !== this.#flight) return
    if (this.#flight.invalidations !== this.#engine.invalidations) return
    const { guard, beganAt } = this.#flight
    const ageMs = guard === 'none' ? 0 : runtime.monotonicNow() - beganAt
    const keptMs = Math.min(memoryTtlMs - ageMs, ttlMs)
    if (keptMs > 0) memory.set(entryKey, payload, bytes, keptMs)
  }

  /** Other processes must not wait for a value that never comes. A guard that cannot be dropped ends by itself. */
  async #dropGuard(since: number): Promise<void> {
    if (this.#placeholder === undefined) return
    await this.#engine.gate.inTime(since, this.#drop(this.#placeholder)).catch(() => undefined)
  }

  async #drop(placeholder: string): Promise<void> {
    const { gate } = this.#engine
    await gate.call(() => gate.values.removeIf(this.#guardKey, placeholder))
  }
}

function isClosed(error: unknown): boolean {
  return hasCode(error, 'CLOSED') || hasCode(error, 'CLIENT_CLOSED') || hasCode(error, 'CLIENT_NOT_CONNECTED')
}

/** What is stored, and for how long. */
export function entryOf(
  { policy: { codec } }: Namespace,
  { ttlMs, jitter, staleMs }: EntryPolicy,
  payload: StoredValue,
  made: {
    readonly token: string
    readonly generations: string
    readonly random: number
    readonly loadMs: number
    readonly tags: readonly (readonly [string, string])[]
  },
): { readonly stored: StoredValue; readonly lifeMs: number } {
  const freshMs = Math.max(1, Math.ceil(ttlMs * (1 - jitter * made.random)))
  const { token, generations, tags } = made
  const loadMs = Math.ceil(made.loadMs)
  const header = { token, generations, ttlMs: freshMs, staleMs, loadMs, tags, codec: codec.name }
  return { stored: writeEntry(header, payload), lifeMs: freshMs + staleMs }
}

export function encode(codec: CacheCodec, value: unknown): StoredValue {
  return encodeData(codec, value, 'value')
}
