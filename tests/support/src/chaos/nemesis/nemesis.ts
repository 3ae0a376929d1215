import { setTimeout as delay } from 'node:timers/promises'
import { clock, type Witness } from '../witness.ts'
import { type Arena, faults } from './faults.ts'
import { keepingReplicated, losingFaults, type PlannedFault, workerFaults } from './schedule.ts'

/**
 * Causes the planned faults at their times, and witnesses them. Settles when all of them are over.
 *
 * Faults overlap, but the server has only one at a time, and so has each worker. A fault that is due while the previous
 * one lasts is skipped, so a run does not take longer on a slow machine.
 */
export async function unleash(arena: Arena, plan: readonly PlannedFault[], witness: Witness): Promise<void> {
  const startedAt = performance.now()
  const suffering = new Map<unknown, Promise<void>>()
  for (const planned of plan) {
    await delay(Math.max(0, planned.atMs - (performance.now() - startedAt)))
    const victim = isAboutWorker(planned) ? arena.workers[planned.worker] : arena.servers
    if (suffering.has(victim)) continue
    const over = inflict(arena, planned, witness).finally(() => suffering.delete(victim))
    suffering.set(victim, over)
  }
  await Promise.all(suffering.values())
}

async function inflict(arena: Arena, planned: PlannedFault, witness: Witness): Promise<void> {
  const { name, worker, lastsMs } = planned
  const target = arena.workers[worker]
  if (target === undefined) throw new Error(`there is no worker ${worker}`)
  const at = clock()
  try {
    await faults[name](arena, target, lastsMs)
  } catch (error) {
    // Our own tools failed: the run proves nothing, and says so.
    witness.record({ type: 'surprise', at, what: `the nemesis failed at ${name}: ${String(error)}` })
  }
  const losesWrites = losingFaults.some((each) => each === name)
  const keepsReplicated = keepingReplicated.includes(name)
  witness.record({
    type: 'fault',
    at,
    until: clock(),
    kind: name,
    ...(losesWrites ? { losesWrites } : {}),
    ...(keepsReplicated ? { keepsReplicated } : {}),
  })
}

function isAboutWorker({ name }: PlannedFault): boolean {
  return workerFaults.some((each) => each === name)
}
