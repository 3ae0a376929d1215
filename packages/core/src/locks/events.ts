import { hasCode, isUnavailable } from '../errors.ts'
import type { Runtime } from '../support/runtime.ts'
import { type EventChannel, type TracedOperation, eventChannel, tracedOperation } from '../events.ts'
import type { ReleaseOutcome } from './lease.ts'
import type { LockHolder } from './lock-holder.ts'
import type { LeaseLoss } from './errors.ts'
import { instanceOf } from './process-name.ts'

/** Published on `holdfast:locks`. */
export type LockEvent = LockEventSource & (WaitersEvent | (HoldersEvent & Holding))

interface LockEventSource {
  /** The lock's (or semaphore's) name as it was given. */
  readonly name: string
  /** Of the call, and of its lease. */
  readonly token: string
  /** When it happened, by the wall clock of this process: milliseconds since 1970. */
  readonly at: number
  /** The instance that waits, or holds it, as it calls itself. */
  readonly instance: string
}

/** What becomes of a call that wants a lease. */
export type WaitersEvent =
  /** Others hold it; this one waits from now on, and `ahead` others before it. */
  | { readonly type: 'waiting'; readonly ahead: number; readonly holders: readonly LockHolder[] }
  /** It holds a lease from now on. */
  | {
      readonly type: 'granted'
      readonly fencingToken: number
      readonly waitedMs: number
      /** Since its event `waiting`; null when it did not wait in line. */
      readonly queuedMs: number | null
      /** `atOnce`: it was free. After a wait: handed over by a push, or found by asking. */
      readonly how: 'atOnce' | 'handedOver' | 'asked'
    }
  /** It ended without a lease. `holders`: who held it, as far as that is known. */
  | {
      readonly type: 'gaveUp'
      readonly outcome: 'timedOut' | 'skipped' | 'aborted' | 'closed' | 'storageUnavailable' | 'failed'
      readonly waitedMs: number
      /** Since its event `waiting`; null when it did not wait in line. */
      readonly queuedMs: number | null
      readonly holders: readonly LockHolder[]
      /** Absent when it was skipped. */
      readonly error?: unknown
    }

/** What a holder says of its lease with each event. */
interface Holding {
  /** Larger than that of every holder before. */
  readonly fencingToken: number
  /** Since it was granted. */
  readonly heldMs: number
}

/** What becomes of a lease. */
export type HoldersEvent =
  /** The holder has ended its lease. */
  | { readonly type: 'released'; readonly outcome: ReleaseOutcome }
  /** The release did not reach the storage; it is retried until the lease ends by itself. */
  | { readonly type: 'releaseFailed'; readonly error: unknown }
  /** The lease lasts for `remainingMs` from now on. `lagMs`: from when the renewal was due until it was acknowledged, failed attempts included. */
  | { readonly type: 'renewed'; readonly lagMs: number; readonly remainingMs: number }
  /** A renewal did not succeed; it is tried again until the local deadline, in `remainingMs`. */
  | { readonly type: 'renewalFailed'; readonly error: unknown; readonly remainingMs: number }
  /** Its signal is aborted: another process holds it, or may hold it soon. */
  | { readonly type: 'lost'; readonly reason: LeaseLoss; readonly error: unknown }
  /** The instance was closed while it was held: it is not renewed any more, and left to its lease. */
  | { readonly type: 'abandoned' }

/** What the tracing channels `holdfast:locks.acquire` and `holdfast:locks.run` say of a call. */
export interface TracedLock {
  readonly name: string
}

/** Every call that wants a lease, until it has one or gives up; and every `run`, until its lease is released. */
export const acquisitions: TracedOperation<TracedLock> = tracedOperation('locks.acquire')
export const lockRuns: TracedOperation<TracedLock> = tracedOperation('locks.run')

const lockEvents: EventChannel<LockEvent> = eventChannel('holdfast:locks')

/** What a call publishes that ends without a lease. */
export function gaveUp(
  error: unknown,
  waited: { readonly waitedMs: number; readonly queuedMs: number | null },
): WaitersEvent {
  const { holders = [] } = error as { readonly holders?: readonly LockHolder[] }
  return { type: 'gaveUp', outcome: outcomeOf(error), ...waited, holders, error }
}

function outcomeOf(error: unknown): Extract<WaitersEvent, { type: 'gaveUp' }>['outcome'] {
  if (hasCode(error, 'LOCK_TIMEOUT')) return 'timedOut'
  if (hasCode(error, 'LOCK_ABORTED')) return hasCode(error.cause, 'CLOSED') ? 'closed' : 'aborted'
  return isUnavailable(error) ? 'storageUnavailable' : 'failed'
}

export function publishLockEvent(
  { process, runtime }: { readonly process: string; readonly runtime: Runtime },
  { name, token }: { readonly name: string; readonly token: string },
  event: () => WaitersEvent | (HoldersEvent & Holding),
): void {
  lockEvents.publish(() => ({
    name,
    token,
    at: runtime.wallNow(),
    instance: instanceOf(process),
    ...event(),
  }))
}
