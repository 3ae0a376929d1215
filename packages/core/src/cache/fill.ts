import { hasCode, isUnavailable } from '../errors.ts'
import type { StoredValue } from '../storage/values.ts'
import { Copies } from './copies.ts'
import { encodeData } from './compressed-codec.ts'
import type { Engine, Namespace } from './engine.ts'
import type { TagGeneration } from './entry.ts'
import { type EntryResult, isEntryResult } from './entry-result.ts'
import type { Flight, Landing } from './flight.ts'
import type { FlightGuard } from './flight-guard.ts'
import type { FlightPlan } from './flight-plan.ts'
import type { EntryPolicy } from './options.ts'
import { isOut } from './storage-gate.ts'
import { entryOf } from './stored-entry.ts'

export interface Timing {
  /** How long the load took. */
  readonly loadMs: number
  /** As if the caller had begun to wait for the storage then, what it waited before the load included. */
  readonly since: number
}

/** Stores what the load of one key made. */
export class Fill {
  readonly #space: Namespace
  readonly #engine: Engine
  readonly #plan: FlightPlan
  readonly #flight: Flight
  readonly #guard: FlightGuard
  readonly #loadMs: number
  readonly #since: number

  constructor(
    space: Namespace,
    plan: FlightPlan,
    flight: Flight,
    guard: FlightGuard,
    { loadMs, since }: Timing,
  ) {
    this.#space = space
    this.#engine = space.engine
    this.#plan = plan
    this.#flight = flight
    this.#guard = guard
    this.#loadMs = loadMs
    this.#since = since
  }

  /** Rejects only with what the codec throws. */
  async store(made: unknown): Promise<Landing> {
    const result: EntryResult<unknown> | undefined = isEntryResult(made) ? made : undefined
    const value = result === undefined ? made : result.value
    if (value === undefined) {
      await this.#guard.drop(this.#since)
      return { how: 'loaded', value, copies: undefined }
    }
    const policy: EntryPolicy = result === undefined ? this.#plan.policy : result.over(this.#plan.policy)
    return await this.put(value, encodeData(this.#space.policy.codec, value, 'value'), policy)
  }

  /** The same of a value that is encoded already. */
  async put(value: unknown, payload: StoredValue, policy: EntryPolicy = this.#plan.policy): Promise<Landing> {
    const { codec, maxValueBytes } = this.#space.policy
    const landed: Landing = { how: 'loaded', value, copies: new Copies(codec, payload) }
    const bytes = bytesOf(payload)
    if (bytes > maxValueBytes) {
      this.#space.count('oversize')
      this.#space.publish(() => ({ key: this.#plan.key, type: 'oversize', bytes }))
      await this.#guard.drop(this.#since)
      return landed
    }
    if (this.#plan.guard === 'none') {
      this.#keepInMemory(payload, policy)
      return landed
    }
    try {
      if (!(await this.#engine.gate.inTime(this.#since, this.#fill(payload, policy)))) this.refused()
    } catch (error) {
      await this.failed(error, payload, policy)
    }
    return landed
  }

  /** The key was removed or set meanwhile, or invalidated, and that wins. */
  refused(): void {
    this.#space.count('fillsRefused')
    this.#space.publish(() => ({ key: this.#plan.key, type: 'fillRefused' }))
  }

  /** Its callers get what was loaded, also when the cache or its client was closed meanwhile. @throws what is no outage */
  async failed(error: unknown, payload: StoredValue, policy: EntryPolicy): Promise<void> {
    if (!isOut(error) && !isClosed(error)) throw error
    this.#space.publish(() => ({ key: this.#plan.key, type: 'bypassed', error }))
    if (isUnavailable(error)) this.#keepInMemory(payload, policy)
    await this.#guard.drop(this.#since)
  }

  /** False: the key was removed or set meanwhile, or invalidated, and that wins. */
  async #fill(payload: StoredValue, policy: EntryPolicy): Promise<boolean> {
    const { gate, runtime } = this.#engine
    const { entryKey, guard } = this.#plan
    const ofCall = this.#plan.policy
    let tags: readonly TagGeneration[] | undefined
    if (policy === ofCall) tags = this.#guard.tags(policy.tags)
    else if (await this.#liveAsLongAs(policy)) tags = await this.#tagGenerations(policy)
    if (tags === undefined) {
      await this.#guard.drop(this.#since)
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
    if (guard === 'refresh') await this.#guard.drop(this.#since)
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
    if (tags.every((tag) => this.#plan.policy.tags.includes(tag))) return this.#guard.tags(tags)
    const levels = scope.generationKeys.length
    // Only the load knew of these: they are read first, and then whether any tag was invalidated since it began.
    const keys = tags.map((tag) => scope.tagKey(tag))
    const seen = await lookup.tags(scope, tags)
    const held = await generations.hold(keys, seen, policy.ttlMs + policy.staleMs)
    if ((await lookup.tagChanges(scope)) !== this.#guard.generations[levels]) return undefined
    return tags.map((tag, i) => [tag, held[i] as string])
  }

  /** For the callers of this process while it is cut off. */
  #keepInMemory(payload: StoredValue, { ttlMs }: EntryPolicy): void {
    const { gate, flights, memory, memoryTtlMs, runtime } = this.#engine
    const { entryKey } = this.#plan
    const { guard, beganAt } = this.#flight
    // It was loaded because another process took too long, and not for want of the storage.
    const isAlone = guard === 'none' && this.#plan.found !== undefined
    if (isAlone && gate.breaker !== 'open') return
    // A caller that invalidated it meanwhile has had this load forgotten.
    if (flights.get(entryKey) !== this.#flight) return
    if (this.#flight.invalidations !== this.#engine.invalidations) return
    const ageMs = guard === 'none' ? 0 : runtime.monotonicNow() - beganAt
    const keptMs = Math.min(memoryTtlMs - ageMs, ttlMs)
    if (keptMs <= 0) return
    gate.doubt()
    memory.set(entryKey, payload, bytesOf(payload), keptMs)
  }
}

export function bytesOf(payload: StoredValue): number {
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
}

function isClosed(error: unknown): boolean {
  return hasCode(error, 'CLOSED') || hasCode(error, 'CLIENT_CLOSED') || hasCode(error, 'CLIENT_NOT_CONNECTED')
}
