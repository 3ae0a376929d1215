import type { Storage } from '../../storage/storage.ts'
import type { History } from './history.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { FaultRates, Scenario, ScenarioSize } from './scenario.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { ServerObserver, SimulatedServer } from './simulated-server.ts'

/** What a simulation is about: how the feature is used, and what it promises. */
export interface Feature {
  readonly name: string
  /** Draws who calls what and when; nothing of it depends on what will happen. */
  plan(random: Random): WorkloadPlan
}

interface WorkloadPlan {
  readonly size: ScenarioSize
  /** What this feature does not promise to survive. */
  readonly rates?: Partial<FaultRates>
  /** How many databases of the server its processes use, each one of them. Default 1. */
  readonly databases?: number
  /** How many ticks of the process follow from one event, as its code uses `process.nextTick`. Default 0. */
  readonly ticks?: number
  readonly operations: readonly PlannedOperation[]
  open(world: World): Workload
}

export interface PlannedOperation {
  readonly id: number
  readonly at: number
  readonly process: number
}

/** One feature in one world, with the observer that judges it. */
export interface Workload {
  /** The feature as one process has it, over its connection. */
  start(process: SimulatedProcess, storage: Storage): App
  readonly observer: Observer
}

export interface App {
  /** Resolves when the operation has ended, well or badly; judges how. */
  perform(operation: number): Promise<void>
  /** After the faults have stopped and all operations have ended: everything must work at once. */
  proveAlive(): Promise<void>
  close(graceMs: number): Promise<void>
}

/** Sees what the storage executes and what becomes of processes; it knows nothing of the core's own state. */
export interface Observer extends ServerObserver {
  /** The process is gone, and with it everything that it believed. */
  died(process: SimulatedProcess): void
  /** The storage forgot: a key, the writes that the replica which took over had not heard of, or who waits. */
  forgot(why: 'eviction' | 'failover' | 'queues'): Promise<void>
  /** All is closed: nothing may remain in the storage that a caller would wait for. */
  ended?(): Promise<void>
}

export interface World {
  readonly seed: number
  readonly scenario: Scenario
  readonly scheduler: Scheduler
  readonly server: SimulatedServer
  readonly network: Network
  readonly history: History
  readonly totals: Totals
  /** The database that the connections of a process have selected. */
  databaseOf(process: SimulatedProcess): number
  /** A separate stream for everything that is drawn while it runs. */
  random(...path: readonly number[]): Random
  /** The history violates a guarantee: ends the simulation. */
  violated(guarantee: string, message: string): void
}

/** What was counted by the observers: the figures of a report. */
export class Totals {
  readonly counts: Map<string, number> = new Map()

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by)
  }
}
