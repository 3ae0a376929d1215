import { type EventChannel, type TracedOperation, eventChannel, tracedOperation } from '../events.ts'

/** Whose cache it is: what was given to `createHoldfast`. */
export interface CacheOf {
  /** Of its keys. */
  readonly prefix: string
  /** How this process calls itself. */
  readonly instance: string
}

/** Whose event it is: `namespace` is empty for the cache itself. */
export interface NamespaceOf extends CacheOf {
  /** Empty for the cache itself. */
  readonly namespace: string
}

/** Published on `holdfast:cache`: keys as they were given, and never values. */
export type CacheEvent = NamespaceOf &
  /** `remove`; `removed` is how many of the keys there were. */
  (
    | { readonly type: 'removed'; readonly keys: readonly string[]; readonly removed: number }
    /** `clear`. */
    | { readonly type: 'cleared' }
    /** `invalidateTags`. */
    | { readonly type: 'tagsInvalidated'; readonly tags: readonly string[] }
    /** `removeByPattern`; `removed` is how many keys there were. */
    | { readonly type: 'patternRemoved'; readonly pattern: string; readonly removed: number }
    /** The storage was out: the removal is sent again before this process reads the cache the next time. */
    | { readonly type: 'removalQueued'; readonly error: unknown }
    | ({ readonly key: string } &
        /**
         * - `hit`: the storage had a fresh value. `staleHit`: a stale one. `memoryHit`: this process had it while the storage
         *   was out. `nearHit`: this process keeps it.
         * - `miss`: no value was found. `set`: a value was stored. `expired`: `expire` made the value stale.
         */
        (
          | { readonly type: 'hit' | 'staleHit' | 'memoryHit' | 'nearHit' | 'miss' | 'set' | 'expired' }
          /** The call shares a load of this process. */
          | { readonly type: 'joined' }
          /** The call waits for the load of another process. */
          | { readonly type: 'waits' }
          /** The load begins: `loaded` or `loadFailed` follows. */
          | { readonly type: 'loading' }
          /** The load has ended. `found`: false when the load returned `undefined`, which is not stored. */
          | { readonly type: 'loaded'; readonly durationMs: number; readonly found: boolean }
          /** The load has failed, or took too long: its callers get the error, or a stale value. */
          | { readonly type: 'loadFailed'; readonly durationMs: number; readonly error: unknown }
          /** A load that no caller waits for has failed: the stale value stays. */
          | { readonly type: 'refreshFailed'; readonly error: unknown }
          /** The loaded value was not stored, because the key was removed or set meanwhile. */
          | { readonly type: 'fillRefused' }
          /** What is stored could not be read, and counts as a miss. */
          | { readonly type: 'unreadable'; readonly error?: unknown }
          /** The value exceeds `maxValueBytes`: it was returned and not stored. */
          | { readonly type: 'oversize'; readonly bytes: number }
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
    /** The cache was closed while its storage did not answer. */
    | { readonly type: 'ended'; readonly openMs: number }
  )

/** Published on `holdfast:near`: whether what a process keeps counts. */
export type NearEvent = CacheOf &
  /** The link says what to drop: what is read from now on is kept. */
  (
    | { readonly type: 'up' }
    /** The link was lost: nothing that was kept counts any more. It is opened again without a call. */
    | { readonly type: 'down' }
    /** The server does not tell what changes; `code` is that of `verify()`. Once for each cause. Reads work, and nothing is kept. */
    | { readonly type: 'refused'; readonly code: string; readonly error: unknown }
  )

/** What the tracing channel `holdfast:cache.load` says of a load. */
export interface TracedLoad extends NamespaceOf {
  readonly key: string
}

export const cacheEvents: EventChannel<CacheEvent> = eventChannel('holdfast:cache')
export const breakerEvents: EventChannel<BreakerEvent> = eventChannel('holdfast:breaker')
export const nearEvents: EventChannel<NearEvent> = eventChannel('holdfast:near')
export const loads: TracedOperation<TracedLoad> = tracedOperation('cache.load')
