import { decodeDate } from '../wire/dates.ts'

/** What a watcher sees of an entry of a `dequeued` list. Texts are as they are stored; undefined where there is none. */
export interface FetchedEntry {
  readonly exists: boolean
  readonly state: string | undefined
  readonly fetched: string | undefined
  readonly checked: string | undefined
  /** Of a scheduled job: the instant before which it must not run. */
  readonly enqueueAt: number | undefined
  /** Whether the state names a server, and that one is dead. */
  readonly isOfDeadServer: boolean
}

/** `mark`: note when it was first seen without a time. */
export type Judgement = 'leave' | 'mark' | 'requeue' | 'remove'

export interface WatcherLimits {
  /** A worker that has not said for so long that it still works does not. */
  readonly invisibilityMs: number
  /** What has no time is left alone for so long: its worker may be about to write one. */
  readonly checkedMs: number
}

/** Hangfire's own. */
export const WATCHER_LIMITS: WatcherLimits = { invisibilityMs: 1_800_000, checkedMs: 60_000 }

/**
 * What to do with a job that a worker took and has not acknowledged, by Hangfire's rules. A job that has ended or rests (failed,
 * awaiting, or scheduled for later) is not put back: only the entry goes, so it never runs before its time (H12).
 */
export function judgeFetched(entry: FetchedEntry, now: number, limits: WatcherLimits): Judgement {
  const { exists, state, enqueueAt = 0, isOfDeadServer } = entry
  if (!exists || state === 'Succeeded' || state === 'Deleted') return 'remove'
  const isAtRest = state === 'Failed' || state === 'Awaiting' || (state === 'Scheduled' && enqueueAt > now)
  const overdue = isAtRest ? 'remove' : 'requeue'
  const fetchedAt = instantOf(entry.fetched)
  if (fetchedAt !== undefined) {
    // A job that was taken just now still has the state of its last run.
    const isAbandoned = state === 'Processing' && isOfDeadServer && now - fetchedAt >= limits.checkedMs
    return isAbandoned || now - fetchedAt >= limits.invisibilityMs ? overdue : 'leave'
  }
  const checkedAt = instantOf(entry.checked)
  if (checkedAt === undefined) return 'mark'
  return now - checkedAt >= limits.checkedMs ? overdue : 'leave'
}

/** What is no date counts as none. */
export function instantOf(text: string | undefined): number | undefined {
  try {
    return text === undefined ? undefined : decodeDate(text)
  } catch {
    return undefined
  }
}
