import { checkExclusion } from './checks/exclusion.ts'
import { checkFences } from './checks/fences.ts'
import { checkLiveness } from './checks/liveness.ts'
import { checkReplays } from './checks/replays.ts'
import { checkStarts } from './checks/starts.ts'
import { checkUpdates } from './checks/updates.ts'
import type { Violation } from './checks/violation.ts'
import { checkZombies } from './checks/zombies.ts'
import type { History } from './history.ts'

/** The promises of a workload about its keys. */
export interface Expectations {
  /** How long after a completion a key must not start again. 0: it may at once. */
  readonly windowMsOf: (key: string) => number
  /** The keys that must be obtainable again once the faults have stopped, within `livenessMs`. */
  readonly liveKeys: readonly string[]
  readonly livenessMs: number
  /** When the faults stopped. */
  readonly calmAt: number
}

/** Every violation in the history, in the order of time. */
export function judge(history: History, expectations: Expectations): Violation[] {
  const { windowMsOf, liveKeys, livenessMs, calmAt } = expectations
  return [
    ...checkExclusion(history),
    ...checkFences(history),
    ...checkZombies(history),
    ...checkStarts(history, windowMsOf),
    ...checkReplays(history, windowMsOf),
    ...checkUpdates(history),
    ...checkLiveness(history, calmAt, livenessMs, liveKeys),
    ...history.surprises.map(({ at, what }) => ({ rule: 'no surprises', key: '', at, what })),
  ].toSorted((a, b) => a.at - b.at)
}
