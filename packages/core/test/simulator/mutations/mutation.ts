import type { SimulationOptions } from '../../../src/testing/simulator/simulation.ts'

/** One way to get the protocol wrong, which a history of the simulator must show to be wrong. */
export interface Mutation extends Pick<SimulationOptions, 'breakStorage' | 'breakConnection' | 'rates'> {
  readonly name: string
  /** Where the mistake was found in the wild, or what tempts to make it. */
  readonly like: string
  /** Breaks a decision of core for as long as the returned function was not called. */
  readonly breakCore?: () => () => void
}
