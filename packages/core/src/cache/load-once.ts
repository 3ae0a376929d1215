import { hasCode, isUnavailable } from '../errors.ts'
import type { StoredValue } from '../storage/values.ts'
import { detached } from '../support/call-chain.ts'
import { encodeData } from './compressed-codec.ts'
import type { Engine, Namespace } from './engine.ts'
import type { TagGeneration } from './entry.ts'
import { type EntryResult, isEntryResult } from './entry-result.ts'
import { Flight, type Landing, flightsByPlaceholder } from './flight.ts'
import { FlightGuard } from './flight-guard.ts'
import type { FlightPlan } from './flight-plan.ts'
import type { EntryPolicy } from './options.ts'
import { runLoad } from './run-load.ts'
import { isOut } from './storage-gate.ts'
import { entryOf } from './stored-entry.ts'

/**
 * One load of a key in this process, and as long as all goes well in all processes. What keeps the others from loading is a
 * placeholder:
 *
 * - `placeholder`: under the key of the entry, where nothing is. A caller or a program that removes or overwrites
 *   the key destroys it, and the loaded value is not stored then (a lease as in Nishtala et al., "Scaling Memcache at
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
  engine.near?.drop([plan.entryKey])
  const fly = (): Promise<void> =>
    new Flying(space, plan, flight).run().then((landed) => {
      // Before its callers go on: they must not find it again.
      if (engine.flights.get(plan.entryKey) === flight) engine.flights.delete(plan.entryKey)
      // Nor what was there before, nor what is on its way.
      engine.near?.drop([plan.entryKey])
      flight.land(landed)
    })
  if (plan.isBackground) void detached(fly)
  else void fly()
  return flight
}

class Flying {
  readonly #space: Namespace
  readonly #engine: Engine
  readonly #plan: FlightPlan
  readonly #flight: Flight
  readonly #guard: FlightGuard
  #loadMs = 0

  constructor(space: Namespace, plan: FlightPlan, flight: Flight) {
    this.#space = space
    this.#engine = space.engine
    this.#plan = plan
    this.#flight = flight
    flight.invalidations = space.engine.invalidations
    this.#guard = new FlightGuard(space, plan, flight)
  }

  /** Never rejects. */
  async run(): Promise<Landing> {
    const { guard, found } = this.#plan
    if (guard === 'none') {
      this.#flight.placeholder = found?.placeholder
    } else {
      try {
        const refused = await this.#guard.take()
        if (refused !== undefined) return refused
      } catch (error) {
        return { how: 'out', error }
      }
    }
    const { runtime } = this.#engine
    const waitedMs = runtime.monotonicNow() - this.#plan.lookedAt
    const { placeholder } = this.#guard
    if (placeholder !== undefined) flightsByPlaceholder.set(placeholder, this.#flight)
    this.#guard.keep()
    try {
      const made = await runLoad(this.#space, this.#plan, this.#flight)
      this.#loadMs = runtime.monotonicNow() - this.#flight.beganAt
      this.#guard.stop()
      return await this.#store(made, runtime.monotonicNow() - waitedMs)
    } catch (error) {
      this.#guard.stop()
      // A call from now on loads for itself: the error is for those who have joined.
      const { flights } = this.#engine
      if (flights.get(this.#plan.entryKey) === this.#flight) flights.delete(this.#plan.entryKey)
      await this.#guard.drop(runtime.monotonicNow() - waitedMs)
      return { how: 'failed', error }
    } finally {
      if (placeholder !== undefined) flightsByPlaceholder.delete(placeholder)
    }
  }

  /** `since`: as if the caller had begun to wait for the storage then, what it waited before the load included. */
  async #store(made: unknown, since: number): Promise<Landing> {
    const { policy: ofSpace } = this.#space
    const result: EntryResult<unknown> | undefined = isEntryResult(made) ? made : undefined
    const value = result === undefined ? made : result.value
    if (value === undefined) {
      await this.#guard.drop(since)
      return { how: 'loaded', value, copy: () => undefined }
    }
    const policy: EntryPolicy = result === undefined ? this.#plan.policy : result.over(this.#plan.policy)
    const payload = encodeData(ofSpace.codec, value, 'value')
    const landed: Landing = { how: 'loaded', value, copy: () => ofSpace.codec.decode(payload as never) }
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
    if (bytes > ofSpace.maxValueBytes) {
      this.#space.count('oversize')
      this.#space.publish(() => ({ key: this.#plan.key, type: 'oversize', bytes }))
      await this.#guard.drop(since)
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
      await this.#guard.drop(since)
    }
    return landed
  }

  /** False: the key was removed or set meanwhile, or invalidated, and that wins. */
  async #fill(payload: StoredValue, policy: EntryPolicy, since: number): Promise<boolean> {
    const { gate, runtime } = this.#engine
    const { entryKey, guard } = this.#plan
    const ofCall = this.#plan.policy
    let tags: readonly TagGeneration[] | undefined
    if (policy === ofCall) tags = this.#tagsOfCall(policy.tags)
    else if (await this.#liveAsLongAs(policy)) tags = await this.#tagGenerations(policy)
    if (tags === undefined) {
      await this.#guard.drop(since)
      return false
    }
    const expected = guard === 'refresh' ? this.#flight.head : this.#guard.placeholder
    if (expected === undefined) return false
    const entry = entryOf(this.#space, policy, payload, {
      token: runtime.randomId().slice(0, 11),
      generations: this.#flight.joined ?? '',
      random: runtime.random(),
      loadMs: ofCall.earlyRefresh === false ? 0 : this.#loadMs,
      tags,
    })
    const isStored = await gate.call(() =>
      gate.values.replace(entryKey, expected, entry.stored, entry.lifeMs),
    )
    if (guard === 'refresh') await this.#guard.drop(since)
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
    const began = [...this.#guard.generations.slice(0, levels), ...this.#guard.generations.slice(levels + 1)]
    const held = await this.#engine.generations.hold(keys, began, lifeMs)
    return held.every((generation, i) => generation === began[i])
  }

  /** Undefined: a tag may have been invalidated since the load began. */
  async #tagGenerations(policy: EntryPolicy): Promise<readonly TagGeneration[] | undefined> {
    const { scope } = this.#space
    const { lookup, generations } = this.#engine
    const { tags } = policy
    if (tags.every((tag) => this.#plan.policy.tags.includes(tag))) return this.#tagsOfCall(tags)
    const levels = scope.generationKeys.length
    // Only the load knew of these: they are read first, and then whether any tag was invalidated since it began.
    const keys = tags.map((tag) => scope.tagKey(tag))
    const seen = await lookup.tags(scope, tags)
    const held = await generations.hold(keys, seen, policy.ttlMs + policy.staleMs)
    if ((await lookup.tagChanges(scope)) !== this.#guard.generations[levels]) return undefined
    return tags.map((tag, i) => [tag, held[i] as string])
  }

  /** Of tags that the call names: their generations were read before the load. */
  #tagsOfCall(tags: readonly string[]): readonly TagGeneration[] {
    const first = this.#space.scope.generationKeys.length + 1
    const known = this.#plan.policy.tags
    return tags.map((tag) => [tag, this.#guard.generations[first + known.indexOf(tag)] as string])
  }

  /** For the callers of this process while it is cut off. */
  #keepInMemory(payload: StoredValue, bytes: number, { ttlMs }: EntryPolicy): void {
    const { gate, flights, memory, memoryTtlMs, runtime } = this.#engine
    const { entryKey } = this.#plan
    // A caller that invalidated it meanwhile has had this load forgotten.
    if (gate.breaker !== 'open' || flights.get(entryKey) !== this.#flight) return
    if (this.#flight.invalidations !== this.#engine.invalidations) return
    const { guard, beganAt } = this.#flight
    const ageMs = guard === 'none' ? 0 : runtime.monotonicNow() - beganAt
    const keptMs = Math.min(memoryTtlMs - ageMs, ttlMs)
    if (keptMs > 0) memory.set(entryKey, payload, bytes, keptMs)
  }
}

function isClosed(error: unknown): boolean {
  return hasCode(error, 'CLOSED') || hasCode(error, 'CLIENT_CLOSED') || hasCode(error, 'CLIENT_NOT_CONNECTED')
}
