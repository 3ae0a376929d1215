import type { ExecutionContext } from '../../../idempotency/execution-context.ts'
import type { VersionedRecord } from '../../../idempotency/record.ts'
import type { SimulatedProcess } from '../simulated-process.ts'

/** One execution, as an onlooker knows it. */
export interface Seen {
  readonly id: string
  readonly key: string
  readonly attempt: number
  readonly fence: number
  /** The process that the start came from, and for which of its operations. */
  readonly from: string
  readonly operation: number | undefined
  /** When the storage executed its start, in true time. */
  readonly startedAt: number
  /** What the key held before. */
  readonly before: Held | null
  /** How it ended, by the command that the storage executed. */
  ended: 'completed' | 'failed' | 'released' | null
  /** It had completed at some time, even if a failover made the storage forget that. */
  hasCompleted: boolean
  /** Its record is gone without its doing: removed by an operator, evicted, or lost in a failover. */
  gone: boolean
  /** When the storage last lost it or was asked to forget it, in true time; its owner may take a lease to notice. */
  goneAt: number
  /** The process that learned that it owns it. */
  owner: SimulatedProcess | undefined
  context: ExecutionContext | undefined
  /** Its owner works, and was not told to stop. */
  believed: boolean
  watched: boolean
  returned: unknown
}

/** What a key holds. */
export interface Held extends VersionedRecord {
  /** When it was written, in true time. */
  readonly since: number
  /** When its time to live is over, in microseconds of the storage's clock. */
  readonly endsAt: number
  readonly writeId: string
}

export function leaseEnd({ record, writtenAt }: Held): number {
  return record.status === 'executing' ? writtenAt + record.leaseMs : writtenAt
}

export function nameOf(held: Held | null): string {
  return held === null
    ? 'nothing'
    : `${held.record.executionId} (${held.record.status}, attempt ${held.record.attempt})`
}

/** The number of the attempt that a start makes of it. */
export function attemptAfter(before: Held | null): number {
  if (before === null || before.record.status === 'completed') return 1
  const { record } = before
  return record.status === 'failed' && record.released ? record.attempt : record.attempt + 1
}

/** What the next attempt begins with. */
export function checkpointOf({ record }: Held): string | undefined {
  return record.status === 'completed' ? undefined : record.checkpoint
}
