import { enter } from '../support/call-chain.ts'
import type { Namespace } from './engine.ts'
import { LoadTimeoutError } from './errors.ts'
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
export async function runLoad(space: Namespace, plan: FlightPlan, flight: Flight): Promise<unknown> {
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
  }
}
