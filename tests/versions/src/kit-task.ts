import type { Endpoint } from './topologies.ts'

/** The command line of a cell. */
export interface KitTask {
  readonly library: 'ioredis' | 'redis'
  /** The name that the client is installed by. */
  readonly installed: string
  readonly endpoint: Endpoint
}

/** What a line about a failure begins with. */
export const FAILED = '✗ '
