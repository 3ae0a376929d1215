import { type EventChannel, type TracedOperation, eventChannel, tracedOperation } from '../events.ts'

/** Whose cache it is: what was given to `createHoldfast`. */
export interface CacheOf {
  readonly prefix: string
  readonly instance: string
}

/** Published on `holdfast:cache`. `key` is the key as it was given. */
export type CacheEvent = CacheOf &
  (
    | { readonly type: 'removed'; readonly keys: readonly string[]; readonly removed: number }
    | ({ readonly key: string } & (
        | { readonly type: 'hit' | 'miss' | 'set' }
        /** The call waits for a load in flight in this process. */
        | { readonly type: 'joined' }
        /** `found`: false when the load returned `undefined`, which is not stored. */
        | { readonly type: 'loaded'; readonly durationMs: number; readonly found: boolean }
        | { readonly type: 'loadFailed'; readonly durationMs: number; readonly error: unknown }
        /** The loaded value was not stored, because the key was removed or set meanwhile. */
        | { readonly type: 'fillRefused' }
        /** The storage was out or refused: the load answers, or its value was not stored. */
        | { readonly type: 'bypassed'; readonly error: unknown }
      ))
  )

/** Published on `holdfast:breaker`: what the cache does while its storage does not answer. */
export type BreakerEvent = CacheOf &
  /** The storage did not answer; it is asked again in `retryInMs`. Loads run without it until then. */
  (
    | { readonly type: 'opened'; readonly error: unknown; readonly retryInMs: number }
    /** It was asked again, and did not answer again. */
    | {
        readonly type: 'stillOpen'
        readonly error: unknown
        readonly retryInMs: number
        readonly openMs: number
      }
    /** It answers again: `error` is what it answered, if that was a refusal. */
    | { readonly type: 'closed'; readonly openMs: number; readonly error?: unknown }
  )

/** What the tracing channel `holdfast:cache.load` says of a load. */
export interface TracedLoad extends CacheOf {
  readonly key: string
}

export const cacheEvents: EventChannel<CacheEvent> = eventChannel('holdfast:cache')
export const breakerEvents: EventChannel<BreakerEvent> = eventChannel('holdfast:breaker')
export const loads: TracedOperation<TracedLoad> = tracedOperation('cache.load')
