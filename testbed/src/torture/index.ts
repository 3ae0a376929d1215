export type { Violation } from './checks/violation.ts'
export { historyOf, type History, type Ownership } from './history.ts'
export { judge, type Expectations } from './judge.ts'
export type { WitnessEvent } from './witness.ts'
