import { detached } from '../support/call-chain.ts'
import type { Engine, Namespace } from './engine.ts'
import { Fill } from './fill.ts'
import { Flight, type Landing, flightsByPlaceholder } from './flight.ts'
import { FlightGuard } from './flight-guard.ts'
import type { FlightPlan } from './flight-plan.ts'
import { runLoad } from './run-load.ts'

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
      const now = runtime.monotonicNow()
      this.#guard.stop()
      const timing = { loadMs: now - this.#flight.beganAt, since: now - waitedMs }
      return await new Fill(this.#space, this.#plan, this.#flight, this.#guard, timing).store(made)
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
}
