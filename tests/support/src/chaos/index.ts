export type { Violation } from './checks/violation.ts'
export { historyOf, type History, type Ownership } from './history.ts'
export { judge, type Expectations } from './judge.ts'
export type { WitnessEvent } from './witness.ts'
export type { Figures, HistoryFigures } from './figures.ts'
export type { Ledger } from './ledger.ts'
export { between, type Random, seeded } from './random.ts'
export {
  faultNames,
  losingFaults,
  planFaults,
  serverFaults,
  workerFaults,
  type FaultName,
} from './nemesis/schedule.ts'
export { chaos, type ChaosOptions, type ChaosReport } from './chaos.ts'
export { clock, type Witness } from './witness.ts'
export type { WorkerContext, Workload } from './workload.ts'
