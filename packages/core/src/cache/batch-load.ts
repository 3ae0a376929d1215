import type { StoredValue } from '../storage/values.ts'
import { BatchFill, type Filling } from './batch-fill.ts'
import { BatchGuard } from './batch-guard.ts'
import type { BatchPlan, ManyValues } from './batch-plan.ts'
import { Copies } from './copies.ts'
import { encodeData } from './compressed-codec.ts'
import type { Engine, Namespace } from './engine.ts'
import { isEntryResult } from './entry-result.ts'
import { LoadTimeoutError } from './errors.ts'
import { Fill, type Timing, bytesOf } from './fill.ts'
import { Flight, type Landing, flightsByPlaceholder } from './flight.ts'
import { FlightGuard, tagsUnder } from './flight-guard.ts'
import type { FlightPlan } from './flight-plan.ts'
import type { AnyLoad } from './load.ts'
import { runLoad } from './run-load.ts'

/**
 * Loads many keys as `takeOff` loads one, for a call that gives no signal: a flight for each key, which others may join, and
 * one of everything that costs something: a reservation, a guard, a load with its deadline, and few fills. A value that needs
 * a closer look (its load says how it is stored, it is too large) is stored as that of a single load.
 */
export class BatchLoad {
  readonly #space: Namespace
  readonly #engine: Engine
  readonly #plan: BatchPlan
  readonly #values: ManyValues
  readonly #guard: BatchGuard
  readonly #flights: readonly Flight[]
  /** Those whose keys it has reserved. */
  readonly #flying: Flight[] = []

  constructor(space: Namespace, values: ManyValues, plan: BatchPlan) {
    const { engine } = space
    this.#space = space
    this.#engine = engine
    this.#plan = plan
    this.#values = values
    this.#flights = plan.found.map((found, i) => {
      const flight = new Flight(plan.keys[i] as string, found.key, engine.storage, 'placeholder')
      flight.joined = found.joined
      flight.tagChanges = found.tagChanges
      flight.invalidations = engine.invalidations
      // Its call, which never leaves.
      flight.enter()
      engine.flights.set(found.key, flight)
      return flight
    })
    this.#guard = new BatchGuard(space, values, plan, this.#flights)
    engine.near?.drop(plan.found.map(({ key }) => key))
  }

  /** Never rejects. */
  run(): Promise<void> {
    const [first] = this.#flights
    return first === undefined ? Promise.resolve() : first.waitedFor(this.#run())
  }

  async #run(): Promise<void> {
    await this.#takeOff()
    const [lead] = this.#flying
    if (lead === undefined) return
    const { runtime } = this.#engine
    const waitedMs = runtime.monotonicNow() - this.#plan.lookedAt
    const placeholders = new Set(this.#flying.map(({ placeholder }) => placeholder as string))
    for (const placeholder of placeholders) flightsByPlaceholder.set(placeholder, lead)
    for (const flight of this.#flying) if (flight !== lead) flight.loadsWith(lead)
    this.#guard.keep()
    try {
      const made = await this.#load(lead)
      this.#guard.stop()
      await this.#store(lead, made, runtime.monotonicNow() - waitedMs)
    } catch (error) {
      this.#guard.stop()
      await this.#fail(lead, error, runtime.monotonicNow() - waitedMs)
    } finally {
      for (const placeholder of placeholders) flightsByPlaceholder.delete(placeholder)
    }
  }

  async #takeOff(): Promise<void> {
    let refused: readonly (Landing | undefined)[]
    try {
      refused = await this.#guard.take()
    } catch (error) {
      refused = this.#flights.map(() => ({ how: 'out', error }))
    }
    this.#flights.forEach((flight, i) => {
      const landing = refused[i]
      if (landing === undefined) return void this.#flying.push(flight)
      this.#land(flight, landing)
      this.#plan.onLost(flight.key, landing.how === 'out' ? landing : undefined)
    })
  }

  /** As the load of the first key: what it asks for is judged as what that load asks for. */
  async #load(lead: Flight): Promise<ReadonlyMap<string, unknown>> {
    const others = this.#flying.filter((flight) => flight !== lead)
    const keys = this.#flying.map(({ key }) => key)
    let made: ReadonlyMap<string, unknown> = new Map()
    const loading = runLoad(
      this.#space,
      this.#planOf(lead, async (context) => {
        made = await this.#plan.load(keys, context)
        return made.get(lead.key)
      }),
      lead,
    )
    this.#space.count('loads', others.length)
    for (const flight of others) {
      flight.began = lead.began
      flight.beganAt = lead.beganAt
      this.#space.publish(() => ({ key: flight.key, type: 'loading' }))
    }
    await loading
    const durationMs = this.#countTime(lead)
    for (const { key } of others)
      this.#space.publish(() => ({ key, type: 'loaded', durationMs, found: made.get(key) !== undefined }))
    return made
  }

  /** Of all keys but the first, whose load counts for itself. */
  #countTime({ beganAt }: Flight): number {
    const durationMs = this.#engine.runtime.monotonicNow() - beganAt
    this.#space.count('loadMs', durationMs * (this.#flying.length - 1))
    return durationMs
  }

  /** Never rejects. */
  async #store(lead: Flight, made: ReadonlyMap<string, unknown>, since: number): Promise<void> {
    const { policy } = this.#plan
    const loadMs = this.#engine.runtime.monotonicNow() - lead.beganAt
    const timing = { loadMs, since }
    const fill = new BatchFill(this.#space, this.#values, {
      expected: lead.placeholder as string,
      policy,
      loadMs: policy.earlyRefresh === false ? 0 : loadMs,
      since,
      tags: tagsUnder(this.#space, this.#guard.generations, policy.tags, policy.tags),
      onFilled: (each, stored) => this.#filled(each, stored, timing),
    })
    const alone: Promise<void>[] = []
    for (const flight of this.#flying) {
      const value = made.get(flight.key)
      const isPlain = value !== undefined && !isEntryResult(value)
      if (isPlain && flight.placeholder === lead.placeholder)
        alone.push(...this.#add(fill, flight, value, timing))
      else alone.push(this.#storeAlone(flight, this.#fillOf(flight, timing).store(value), since))
      if (fill.isFull) await fill.send()
    }
    await fill.end()
    await Promise.all(alone)
  }

  /** What it cannot add it settles alone. */
  #add(fill: BatchFill, flight: Flight, value: unknown, timing: Timing): Promise<void>[] {
    const { codec, maxValueBytes } = this.#space.policy
    let payload: StoredValue
    try {
      payload = encodeData(codec, value, 'value')
    } catch (error) {
      return [this.#failed(flight, error, timing.since)]
    }
    // A character takes three bytes at most.
    if (payload.length * 3 > maxValueBytes && bytesOf(payload) > maxValueBytes)
      return [this.#storeAlone(flight, this.#fillOf(flight, timing).put(value, payload), timing.since)]
    fill.add(flight, value, payload)
    return []
  }

  async #storeAlone(flight: Flight, storing: Promise<Landing>, since: number): Promise<void> {
    try {
      this.#settle(flight, await storing)
    } catch (error) {
      await this.#failed(flight, error, since)
    }
  }

  #filled(filling: Filling, stored: boolean | Error, timing: Timing): Promise<void> | undefined {
    const { flight, value, payload } = filling
    if (stored === true) return this.#loaded(flight, value, payload)
    const fill = this.#fillOf(flight, timing)
    if (stored === false) {
      fill.refused()
      return this.#loaded(flight, value, payload)
    }
    return fill.failed(stored, payload, this.#plan.policy).then(
      () => this.#loaded(flight, value, payload),
      (error: unknown) => this.#failed(flight, error, timing.since),
    )
  }

  #loaded(flight: Flight, value: unknown, payload: StoredValue): undefined {
    this.#settle(flight, { how: 'loaded', value, copies: new Copies(this.#space.policy.codec, payload) })
  }

  /** The keys are free, and callers from now on load for themselves: the error is for those who have joined. */
  async #fail(lead: Flight, error: unknown, since: number): Promise<void> {
    const durationMs = this.#countTime(lead)
    this.#space.count('loadFailures', this.#flying.length - 1)
    for (const flight of this.#flying) this.#forget(flight)
    const isLate = error instanceof LoadTimeoutError && lead.aborted?.reason === error
    const failing = this.#flying.map((flight) => {
      if (flight === lead) return this.#failed(flight, error, since)
      const { key } = flight
      const own = isLate ? new LoadTimeoutError(key, error.timeoutMs) : error
      this.#space.publish(() => ({ key, type: 'loadFailed', durationMs, error: own }))
      return this.#failed(flight, own, since)
    })
    await Promise.all(failing)
  }

  async #failed(flight: Flight, error: unknown, since: number): Promise<void> {
    this.#forget(flight)
    await this.#guardOf(flight).drop(since)
    this.#settle(flight, { how: 'failed', error })
  }

  /** The call's answer, and that of all who have joined. */
  #settle(flight: Flight, landing: Landing): void {
    this.#land(flight, landing)
    const { onSettled } = this.#plan
    if (landing.how === 'loaded') onSettled(flight.key, { status: 'fulfilled', value: landing.value })
    if (landing.how === 'failed') onSettled(flight.key, { status: 'rejected', reason: landing.error })
  }

  #land(flight: Flight, landing: Landing): void {
    // Before its callers go on: they must not find it again.
    this.#forget(flight)
    // Nor what was there before, nor what is on its way.
    this.#engine.near?.drop([flight.entryKey])
    flight.land(landing)
  }

  #forget(flight: Flight): void {
    const { flights } = this.#engine
    if (flights.get(flight.entryKey) === flight) flights.delete(flight.entryKey)
  }

  #fillOf(flight: Flight, timing: Timing): Fill {
    return new Fill(this.#space, this.#planOf(flight), flight, this.#guardOf(flight), timing)
  }

  #guardOf(flight: Flight): FlightGuard {
    const guard = new FlightGuard(this.#space, this.#planOf(flight), flight)
    guard.placeholder = flight.placeholder
    guard.generations = this.#guard.generations
    return guard
  }

  #planOf({ key, entryKey }: Flight, load: AnyLoad = () => undefined): FlightPlan {
    const { found, policy, lookedAt } = this.#plan
    return {
      key,
      entryKey,
      guard: 'placeholder',
      found: found[0],
      old: undefined,
      load,
      policy,
      lookedAt,
      isBackground: false,
      takesOver: false,
    }
  }
}
