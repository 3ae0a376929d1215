import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { Witness } from './witness.ts'

/** The work of the workers of a chaos run. A module exports one under the name `workload`. */
export interface Workload {
  /** How long after a completion a key must not start again. */
  windowMsOf(key: string): number
  /** After the faults, every key that ever had an owner gets one again, or is completed, within this time. */
  readonly livenessMs: number
  /** Works and witnesses events until `stopping`. Afterwards nothing may keep the process alive. */
  run(context: WorkerContext): Promise<void>
}

export interface WorkerContext {
  /** The index of this worker; the successor of a killed one has the same index. */
  readonly index: number
  /** How many there are. */
  readonly workers: number
  /** When the run began, the same for all of them. */
  readonly startedAt: number
  /** The port of Redis, through this worker's own proxy. */
  readonly port: number
  readonly random: Random
  readonly witness: Witness
  readonly ledger: Ledger
  /** Aborted when the faults have stopped. */
  readonly calm: AbortSignal
  readonly stopping: AbortSignal
}
