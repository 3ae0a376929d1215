import { type EventChannel, eventChannel } from '../events.ts'

/** Published on `holdfast:locks`. `name` is the lock's (or semaphore's) name as it was given. */
export type LockEvent = { readonly name: string; readonly token: string } & (
  | { readonly type: 'granted'; readonly fencingToken: number; readonly waitedMs: number }
  /** Somebody else holds it; this one waits now. */
  | { readonly type: 'waiting'; readonly ahead: number }
  /** Waiting ended without a lease. */
  | { readonly type: 'gaveUp'; readonly error: unknown }
  | { readonly type: 'released'; readonly outcome: 'released' | 'expired' | 'lost'; readonly heldMs: number }
  /** The storage could not be told of the release; it is tried again until the lease ends by itself. */
  | { readonly type: 'releaseFailed'; readonly error: unknown }
  /** A renewal did not succeed; it is tried again until the local deadline. */
  | { readonly type: 'renewalFailed'; readonly error: unknown; readonly remainingMs: number }
  | { readonly type: 'lost'; readonly error: unknown }
)

export const lockEvents: EventChannel<LockEvent> = eventChannel('holdfast:locks')
