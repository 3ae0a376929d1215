import { enter } from '../support/call-chain.ts'
import type { Namespace } from './engine.ts'
import { loads } from './events.ts'
import type { Flight } from './flight.ts'
import type { FlightPlan } from './flight-plan.ts'
import type { CacheEntry, LoadContext } from './load.ts'

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

/** Runs the load of a flight, until it ends, takes too long, or is aborted. @throws what it throws, or why it was ended */
export function runLoad(space: Namespace, plan: FlightPlan, flight: Flight): Promise<unknown> {
  const { key, load, old, policy, takesOver, guard, isBackground } = plan
  const { engine } = space
  const { runtime, of } = engine
  flight.began = engine.nextOrder()
  // Those who wait for the other process share this load.
  if (guard === 'none') engine.waits.wake(plan.entryKey)
  if (flight.aborted !== undefined) throw flight.aborted.reason
  space.count('loads')
  if (isBackground) space.count('refreshes')
  if (takesOver) space.count('takeOvers')
  const context = new ContextOf(flight, old)
  const startedAt = runtime.monotonicNow()
  flight.beganAt = startedAt
  space.publish(() => ({ key, type: 'loading' }))
  const body = (): Promise<unknown> => enter(flight, () => load(context))
  const run = new Promise<unknown>((resolve, reject) => {
    const timeoutMs = policy.hardTimeoutMs
    const deadlines = isBackground ? engine.unawaited : engine.awaited
    flight.dueAt = startedAt + timeoutMs
    deadlines.set(flight)
    flight.load = { deadlines, timeoutMs, reject }
    const made = loads.traced ? loads.trace({ ...of, namespace: space.scope.path, key }, body) : body()
    made.then(resolve, reject)
  })
  const ended = (): number => {
    const durationMs = runtime.monotonicNow() - startedAt
    flight.endDeadline()
    space.count('loadMs', durationMs)
    return durationMs
  }
  return run.then(
    (made) => {
      const durationMs = ended()
      space.publish(() => ({ key, type: 'loaded', durationMs, found: made !== undefined }))
      return made
    },
    (error: unknown) => {
      const durationMs = ended()
      space.count('loadFailures')
      space.publish(() => ({ key, type: 'loadFailed', durationMs, error }))
      throw error
    },
  )
}
