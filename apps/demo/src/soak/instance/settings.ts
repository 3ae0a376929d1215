import type { InstanceSettings } from '../../instances/messages.ts'

/** An instance of the soak receives these as every other receives its settings. */
export interface SoakInstanceSettings extends InstanceSettings {
  /** False: the control, whose charges look for no earlier one. */
  readonly withKeys: boolean
}

/** At the end of the name of an instance on the version before. */
export const BEFORE = ' before'

/** From now on it ends as a crash does right after its next charge, before it can tell of that. */
export const CRASH_AFTER_CHARGE = 'SIGUSR2'

/** So long the cache keeps the price: what it lost in a failover can come back for as long. */
export const PRICE_TTL_MS = 10_000
