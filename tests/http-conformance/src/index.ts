export { type AppCommand, type ShellCommands, type StartedApp, startAppProcess } from './app-process.ts'
export type { Demand, HttpCase } from './case.ts'
export { httpCases } from './cases/index.ts'
export { Kit } from './kit.ts'
export { type Answer, type Sent, send } from './client.ts'
export { type CommandTargetOptions, commandTarget } from './command-target.ts'
export { type KitRequest, type KitRoute, type RouteName, kitDefaults, kitRoutes } from './contract.ts'
export { type Instruction, askAfterwards, askWatchdog, askWitness, blockEventLoop } from './instruction.ts'
export { type CaseOutcome, type RunOptions, type RunnableTarget, runHttpCases } from './run.ts'
export { type Runner, httpSuite } from './suite.ts'
export type {
  AppProcess,
  Capabilities,
  Capability,
  FaultyInstance,
  Feature,
  HttpTarget,
  Instance,
  Need,
} from './target.ts'
export { startWitness } from './witness.ts'
