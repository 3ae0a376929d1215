import {
  type Reduction,
  type SimulationOptions,
  type SimulationResult,
  nothingLeftOut,
  simulate,
} from './simulation.ts'
import type { Feature } from './workload.ts'

/** More runs than this are not spent on one history. */
const MOST_RUNS = 600

/**
 * Leaves out operations, incidents and faults of messages for as long as the same guarantee is still violated. The
 * result of the smallest history found, recorded.
 */
export async function shrink(feature: Feature, options: SimulationOptions): Promise<SimulationResult> {
  let best = await simulate(feature, { ...options, record: true })
  const guarantee = best.violation?.guarantee
  if (guarantee === undefined) return best
  let kept = options.reduction ?? nothingLeftOut
  let runs = 0

  const without = async (more: Reduction): Promise<boolean> => {
    runs += 1
    const reduction = {
      operations: new Set([...kept.operations, ...more.operations]),
      incidents: new Set([...kept.incidents, ...more.incidents]),
      messages: new Set([...kept.messages, ...more.messages]),
    }
    const result = await simulate(feature, { ...options, record: true, reduction })
    if (result.violation?.guarantee !== guarantee) return false
    best = result
    kept = reduction
    return true
  }

  for (let progress = true; progress && runs < MOST_RUNS;) {
    progress = false
    for (const kind of ['operations', 'incidents', 'messages'] as const) {
      let size = best.removable[kind].length
      while (size >= 1 && runs < MOST_RUNS) {
        const candidates: readonly (number | string)[] = best.removable[kind]
        for (let at = 0; at < candidates.length && runs < MOST_RUNS; at += size) {
          const part = new Set(candidates.slice(at, at + size))
          if (await without({ ...nothingLeftOut, [kind]: part })) progress = true
        }
        size = Math.floor(size / 2)
      }
    }
  }
  return best
}
