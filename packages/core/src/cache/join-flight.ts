import type { CallerSignal } from './caller-signal.ts'
import type { Namespace } from './engine.ts'
import type { Flight, Landing } from './flight.ts'

/**
 * One caller waits for a load until that lands, its own signal is aborted, or `softTimeoutMs` is over. `soft`: the caller
 * answers with the old value now, and the load goes on.
 */
export function joinFlight(
  space: Namespace,
  flight: Flight,
  signal: CallerSignal,
  softTimeoutMs: number | undefined,
): Promise<Landing | 'soft'> {
  flight.enter()
  if (softTimeoutMs !== undefined) return joinSoftly(space, flight, signal, softTimeoutMs)
  const landing = signal.or(flight.waitedFor(flight.landing))
  // A landing never rejects: only the signal of a caller ends its wait before.
  if (!signal.isGiven) return landing
  return landing.catch((error: unknown) => {
    flight.leave(error)
    throw error
  })
}

async function joinSoftly(
  space: Namespace,
  flight: Flight,
  signal: CallerSignal,
  softTimeoutMs: number,
): Promise<Landing | 'soft'> {
  let giveUp!: () => void
  const soft = new Promise<'soft'>((resolve) => (giveUp = () => resolve('soft')))
  const timer = space.engine.runtime.setTimer(softTimeoutMs, giveUp)
  try {
    const first = await signal.or(Promise.race([flight.waitedFor(flight.landing), soft]))
    if (first === 'soft') leaveBehind(space, flight)
    return first
  } catch (error) {
    flight.leave(error)
    throw error
  } finally {
    timer.cancel()
  }
}

/** The load goes on without a caller; `close` ends it. */
export function leaveBehind(space: Namespace, flight: Flight): void {
  flight.toBackground()
  const { background } = space.engine
  if (background.has(flight)) return
  background.add(flight)
  void flight.landing.then((landing) => {
    background.delete(flight)
    if (landing.how !== 'failed' && landing.how !== 'out') return
    const { error } = landing
    space.publish(() => ({ key: flight.key, type: 'refreshFailed', error }))
  })
}
