export { ArmedFault, matchCommand, type FaultKind, type RequestMatch } from './fault.ts'
export { FaultProxy, type FaultProxyOptions } from './fault-proxy.ts'
export type { Direction, SlowBytes } from './network.ts'
