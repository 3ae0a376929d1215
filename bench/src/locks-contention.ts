/** What two processes that wanted one lock say of it. */
import type { ContenderProcess } from './harness.ts'
import { median } from './harness.ts'
import type { LockResults, LockTask } from './locks-worker.ts'

export interface Contention {
  readonly grants: number
  /** From the moment before a release to the next grant, to another caller who waited already. */
  readonly handOffMs: number
  readonly waitP99Ms: number
  /** How long who comes last waits when all others go first, one after the other. */
  readonly inTurnMs: number
  /** Jain's index: 1 when all got the same number of grants. */
  readonly fairness: number
  readonly overlaps: number
}

const CALLERS = 8
const HOLD_MS = 2

export async function contend(processes: readonly ContenderProcess[], ms: number): Promise<Contention> {
  const key = `bench:contended:${Math.random()}`
  const task: LockTask = { run: 'contend', key, callers: CALLERS, holdMs: HOLD_MS, ms }
  const parts = await Promise.all(processes.map((one) => one.run<LockResults['contend']>(task)))
  const held = parts
    .flatMap((part, process) =>
      part.map(([caller, asked, granted, released]) => ({
        who: `${process}.${caller}`,
        asked,
        granted,
        released,
      })),
    )
    .sort((a, b) => a.granted - b.granted)
  const gaps: number[] = []
  let overlaps = 0
  for (const [i, next] of held.entries()) {
    const previous = held[i - 1]
    if (previous === undefined) continue
    if (next.granted < previous.released) overlaps += 1
    else if (next.asked < previous.released && next.who !== previous.who)
      gaps.push(next.granted - previous.released)
  }
  const grants = new Map<string, number>()
  for (const { who } of held) grants.set(who, (grants.get(who) ?? 0) + 1)
  const callers = processes.length * CALLERS
  const squares = [...grants.values()].reduce((sum, count) => sum + count ** 2, 0)
  const handOffMs = median(gaps)
  const holdMs = median(held.map(({ granted, released }) => released - granted))
  const waits = held.map(({ asked, granted }) => granted - asked).sort((a, b) => a - b)
  return {
    grants: held.length,
    handOffMs,
    waitP99Ms: waits[Math.floor(waits.length * 0.99)] ?? Number.NaN,
    inTurnMs: (callers - 1) * (holdMs + handOffMs),
    fairness: held.length ** 2 / (callers * squares),
    overlaps,
  }
}
