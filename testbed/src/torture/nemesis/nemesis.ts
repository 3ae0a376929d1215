import { setTimeout as delay } from 'node:timers/promises'
import { clock, type Witness } from '../witness.ts'
import { type Arena, faults } from './faults.ts'
import { losingFaults, type PlannedFault, workerFaults } from './schedule.ts'

/**
 * Does what was planned, when it was planned, and witnesses it. Settles when all of it is over.
 *
 * Faults overlap, except that the server suffers one at a time, and so does each worker: a worker that is frozen is
 * not killed before it runs again, but its server may restart meanwhile.
 */
export async function unleash(arena: Arena, plan: readonly PlannedFault[], witness: Witness): Promise<void> {
  const startedAt = performance.now()
  const busy = new Map<unknown, Promise<void>>()
  const suffer = async (planned: PlannedFault, victim: unknown): Promise<void> => {
    await busy.get(victim)
    await inflict(arena, planned, witness)
  }
  for (const planned of plan) {
    await delay(Math.max(0, planned.atMs - (performance.now() - startedAt)))
    const victim = isAboutWorker(planned) ? arena.workers[planned.worker] : arena.servers
    busy.set(victim, suffer(planned, victim))
  }
  await Promise.all(busy.values())
}

async function inflict(arena: Arena, planned: PlannedFault, witness: Witness): Promise<void> {
  const { name, worker, lastsMs } = planned
  const target = arena.workers[worker]
  if (target === undefined) throw new Error(`there is no worker ${worker}`)
  const at = clock()
  await faults[name](arena, target, lastsMs)
  const losesWrites = losingFaults.some((each) => each === name)
  witness.tell({ type: 'fault', at, until: clock(), kind: name, ...(losesWrites ? { losesWrites } : {}) })
}

function isAboutWorker({ name }: PlannedFault): boolean {
  return workerFaults.some((each) => each === name)
}
