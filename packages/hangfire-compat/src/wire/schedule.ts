import { checkInstant } from './dates.ts'

/** A member of `schedule`: a job, and, if .NET enqueued it with an explicit queue, that queue. */
export interface ScheduleMember {
  readonly id: string
  readonly queue?: string
}

/**
 * `id` or `queue:id`. The latter is read only: storage 1.9.4 leaves it behind when .NET deletes the job, so a job that Node
 * schedules is its plain id.
 */
export function decodeScheduleMember(member: string): ScheduleMember {
  const [, queue, id] = WITH_GUID.exec(member) ?? WITH_ID.exec(member) ?? []
  return queue === undefined || id === undefined ? { id: member } : { id, queue }
}

/** The score of an instant: whole seconds, rounded up, so that no scheduler finds the job before its time. */
export function scoreOf(ms: number): number {
  return Math.ceil(checkInstant('the date', ms) / 1_000)
}

// Queues of old applications have any spelling, and ids of other programs are no GUIDs.
const WITH_GUID = /^(.*):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i
const WITH_ID = /^([^:]*):(.+)$/
