import { between, type Random, seeded, shuffled } from '../random.ts'

/** The faults of one worker, of its connections, and of the server behind all of them. */
export const workerFaults = [
  'kill-worker',
  'freeze-worker',
  'black-hole',
  'black-hole-requests',
  'black-hole-replies',
  'reset-connections',
  'cut-reply',
  'lose-reply',
  'late-request',
  'refuse-connections',
  'latency',
  'slow-bytes',
] as const

export const serverFaults = [
  'kill-clients',
  'kill-subscribers',
  'flush-scripts',
  'pause-clients',
  'pause-writes',
  'freeze-server',
  'restart-server',
  'out-of-memory',
  'fail-over',
  'demote',
] as const

/**
 * Faults that make the storage forget. Two owners at once are unavoidable then, but fences must still grow, and a resource
 * that compares them must lose nothing. Only with `losesWrites`.
 */
export const losingFaults = [
  'fail-over-losing-writes',
  'demote-losing-writes',
  'kill-primary',
  'flush-all',
] as const

/** The ones among these that keep everything that the replica had confirmed. */
export const keepingReplicated: readonly FaultName[] = [
  'fail-over-losing-writes',
  'demote-losing-writes',
  'kill-primary',
]

export const faultNames = [...workerFaults, ...serverFaults, ...losingFaults] as const

export type FaultName = (typeof faultNames)[number]

export interface PlannedFault {
  readonly name: FaultName
  /** After the start of the run. */
  readonly atMs: number
  readonly lastsMs: number
  /** The worker that it hits, if it hits one. */
  readonly worker: number
}

export interface ScheduleOptions {
  readonly durationMs: number
  readonly workers: number
  /** Default: all but those that lose writes. */
  readonly faults?: readonly FaultName[]
  /** The greatest pause between two faults. Default: 300. */
  readonly gapMs?: number
  /** The longest duration of a fault; a few times the leases of the workload. Default: 1,500. */
  readonly longestMs?: number
}

/** The same faults at the same times for the same seed. Each kind occurs once before any occurs again. */
export function planFaults(seed: number, options: ScheduleOptions): PlannedFault[] {
  const { durationMs, workers, faults = [...workerFaults, ...serverFaults] } = options
  const { gapMs = 300, longestMs = 1_500 } = options
  const random = seeded(seed)
  const plan: PlannedFault[] = []
  let bag: FaultName[] = []
  for (let atMs = between(random, 0, gapMs); atMs < durationMs; atMs += between(random, gapMs / 10, gapMs)) {
    if (bag.length === 0) bag = shuffled(random, faults)
    const name = bag.pop()
    if (name === undefined) break
    plan.push({ name, atMs, lastsMs: lasting(random, longestMs), worker: between(random, 0, workers - 1) })
  }
  return plan
}

/** Mostly short durations, so that the workers make progress: violations need progress. */
function lasting(random: Random, longestMs: number): number {
  return Math.ceil(longestMs * random() ** 3) + 10
}
