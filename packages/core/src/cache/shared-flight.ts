// Which load of this process may answer a call: only one before which nothing can have been removed that was asked after.

import type { Engine } from './engine.ts'
import type { Flight } from './flight.ts'
import type { CallPolicy } from './options.ts'
import type { Read } from './read.ts'
import type { Wait } from './waits.ts'

/** The load of this key that answers a call that has looked. `order`: of the call, among all calls and loads. */
export function sharedFlight(
  { flights }: Engine,
  entryKey: string,
  order: number,
  read: Read,
  { refresh }: Pick<CallPolicy, 'refresh'>,
): Flight | undefined {
  const flight = flights.get(entryKey)
  if (flight === undefined || flight.aborted !== undefined) return undefined
  if (flight.began === undefined) return flight
  if (refresh) return undefined
  if (order < flight.began) return flight
  const isUntouched =
    read.state === 'loading'
      ? read.placeholder === flight.placeholder
      : read.entry !== undefined && read.entry.head === flight.head
  const { joined, tagChanges } = flight
  return isUntouched && read.joined === joined && read.tagChanges === tagChanges ? flight : undefined
}

/** The load that another caller began because its wait was over, after this call did; it may have ended by now. */
export function loadedAlone({ alone }: Wait, order: number): Flight | undefined {
  if (alone?.began === undefined || alone.aborted !== undefined) return undefined
  return order < alone.began ? alone : undefined
}

/** The load that answers a call whose look the storage did not answer (`isUnreachable`) or refused. */
export function sharedInOutage(
  engine: Engine,
  entryKey: string,
  order: number,
  isUnreachable: boolean,
): Flight | undefined {
  const flight = engine.flights.get(entryKey)
  if (flight === undefined || flight.aborted !== undefined) return undefined
  if (flight.began === undefined || order < flight.began) return flight
  // While it refuses, others may remove what is there: only a load that begins later can be shared.
  const isCurrent = flight.invalidations === engine.invalidations && isRecent(engine, flight)
  return isUnreachable && isCurrent ? flight : undefined
}

/** Before the outage others may have removed what it loads: then it is no older than what is kept in memory may be. */
function isRecent({ runtime, memoryTtlMs }: Engine, { guard, beganAt }: Flight): boolean {
  return guard === 'none' || runtime.monotonicNow() - beganAt <= memoryTtlMs
}
