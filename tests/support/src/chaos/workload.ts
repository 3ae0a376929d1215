import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { Witness } from './witness.ts'

/** What the workers of a chaos run do. A module exports one under the name `workload`. */
export interface Workload {
  /** How long after a completion a key must not start again. */
  windowMsOf(key: string): number
  /** Once the faults have stopped, every key that was ever owned is had, or known to be done, at the latest after this. */
  readonly livenessMs: number
  /** Works, and says what it saw, until `stopping`. Afterwards nothing may keep the process alive. */
  run(context: WorkerContext): Promise<void>
}

export interface WorkerContext {
  /** Which worker this is; a killed one is succeeded by another of the same index. */
  readonly index: number
  /** How many there are. */
  readonly workers: number
  /** When the run began, the same for all of them. */
  readonly startedAt: number
  /** The Redis to use: through a proxy that is this worker's own. */
  readonly port: number
  readonly random: Random
  readonly witness: Witness
  readonly ledger: Ledger
  /** Aborted when the faults have stopped. */
  readonly calm: AbortSignal
  readonly stopping: AbortSignal
}
