import { WATCHER_LIMITS, type WatcherLimits } from '../schedulers/judge-fetched.ts'
import { SERVER_TIMEOUT_MS } from '../schedulers/server-pulses.ts'

/** How often a server does what it does beside its jobs, in ms. Tests have it hurry. */
export interface ServerTimes {
  readonly heartbeatMs: number
  /** How often an idle server looks into its queues when no announcement wakes it. */
  readonly scanMs: number
  /** How often it looks whether a job is still its own. */
  readonly checkMs: number
  /** How often it says that a job is still being worked on. */
  readonly slideMs: number
  /** When a job without a state is read again, after it was found. */
  readonly statelessMs: readonly number[]
  /** How long it waits after what Redis did not answer. */
  readonly retryMs: number
  /** How long it waits for a job that .NET is changing. */
  readonly busyMs: number
  /** How often the schedulers look; undefined as they have it themselves. */
  readonly schedulers: {
    readonly delayed?: number
    readonly fetched?: number
    readonly recurring?: number
  }
  readonly watcher: WatcherLimits
  /** How long a silent server counts as alive. */
  readonly serverTimeoutMs: number
}

export const SERVER_TIMES: ServerTimes = {
  heartbeatMs: 30_000,
  scanMs: 5_000,
  checkMs: 5_000,
  slideMs: 30_000,
  statelessMs: [0, 1_000, 2_000, 3_000, 4_000],
  retryMs: 1_000,
  busyMs: 100,
  schedulers: {},
  watcher: WATCHER_LIMITS,
  serverTimeoutMs: SERVER_TIMEOUT_MS,
}
