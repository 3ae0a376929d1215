export { endOnSignals } from './end-on-signals.ts'
export { type Flags, type FlagValues, chosen, numberFrom, readFlags, refuse } from './read-flags.ts'
