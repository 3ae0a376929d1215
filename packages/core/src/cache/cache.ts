import {
  InvalidArgumentError,
  SelfDeadlockError,
  StorageUnavailableError,
  hasCode,
  isUnavailable,
} from '../errors.ts'
import { type Codec, jsonCodec } from '../support/codec.ts'
import type { Identity } from '../support/instance.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { Storage } from '../storage/storage.ts'
import type { SetReply } from '../storage/values.ts'
import { callChain, contains, enter } from '../support/call-chain.ts'
import { checkFunction, checkName } from '../support/checks.ts'
import {
  type OptionTable,
  type Resolved,
  duration,
  resolveOptions,
  withMethods,
} from '../support/option-table.ts'
import { Breaker } from './breaker.ts'
import { cacheEvents, loads } from './events.ts'

/**
 * A cache that all instances share. `undefined` means a miss and nothing else does; `null`, `0`, `''` and `false` are
 * values.
 */
export interface Cache {
  /** The value, or undefined when there is none. @throws StorageUnavailableError */
  get<T>(key: string): Promise<T | undefined>
  /** Stores a value; `undefined` cannot be stored. @throws InvalidArgumentError, StorageUnavailableError */
  set(key: string, value: unknown, options?: CacheEntryOptions): Promise<void>
  /** Removes keys and says how many were there; a load in flight does not bring them back. */
  remove(key: string | readonly string[]): Promise<number>
  exists(key: string): Promise<boolean>
  /**
   * The value, or else what `load` makes of it, stored. One load at a time per key across all processes; the others
   * wait for it. A removal during the load wins: its result is returned, but not stored. A load that returns
   * `undefined` stores nothing. When the storage cannot be reached, or refuses (it is full), `load` answers. Errors of
   * `load` are rethrown. @throws SelfDeadlockError when a load asks for its own key, which it would wait for for ever.
   */
  getOrCreate<T>(key: string, load: () => T | Promise<T>, options?: CacheEntryOptions): Promise<T>
  /** What this process has seen so far. */
  stats(): CacheStats
}

/** Counts since this cache was made. */
export interface CacheStats {
  /** Reads that found a value. */
  readonly hits: number
  /** Reads that found none. */
  readonly misses: number
  /** Hits of all reads; undefined before the first. */
  readonly hitRate: number | undefined
  /** Calls that waited for a load in flight in this process. */
  readonly joined: number
  readonly loads: number
  readonly loadFailures: number
  /** Loaded values that were not stored, because the key was removed or set meanwhile. */
  readonly fillsRefused: number
}

export interface CacheEntryOptions {
  /**
   * How long a value is kept.
   * @default 300_000
   */
  readonly ttlMs?: number | undefined
}

/** The options of an instance's cache. */
export interface CacheOptions extends CacheEntryOptions {
  /**
   * How values become text.
   * @default jsonCodec
   */
  readonly codec?: Codec | undefined
}

const ENTRY: OptionTable<CacheEntryOptions> = { ttlMs: [duration(1), 300_000] }

export const CACHE: OptionTable<CacheOptions> = {
  ...ENTRY,
  codec: [withMethods('encode', 'decode'), jsonCodec],
}

/** How long one load keeps the others waiting before one of them takes it over: it is renewed while the load runs. */
const LOAD_LEASE_MS = 5_000
/** An outage costs a reader this much, not a whole call's deadline; and then nothing, because of the breaker. */
const CACHE_TIMEOUT_MS = 250
const FIRST_POLL_MS = 4
const LONGEST_POLL_MS = 50

/** A stored value starts with `V`, a load's placeholder with `L`: anything else that overwrites a key fences the load. */
const VALUE = 'V'
const LOADING = 'L'

/** A key, and the body that loads it, in the call chain. */
class Place {
  /** As the caller gave it. */
  readonly key: string
  readonly storageKey: string
  readonly storage: Storage

  constructor(key: string, storageKey: string, storage: Storage) {
    this.key = key
    this.storageKey = storageKey
    this.storage = storage
  }
}

/** `calls` is shared by the features of one Holdfast and closed by it; `identity` is the instance's. */
export function cacheOver(
  calls: StorageClient,
  defaults: Resolved<CacheOptions>,
  { app, prefix, instance }: Identity,
  breaker: Breaker = new Breaker(calls.runtime, { prefix, instance }),
): Cache {
  const { codec } = defaults
  const of = { prefix, instance }
  const { runtime } = calls
  const { values } = calls.storage
  const inFlight = new Map<string, Promise<unknown>>()
  const counts = { hits: 0, misses: 0, joined: 0, loads: 0, loadFailures: 0, fillsRefused: 0 }

  const keyOf = (key: string): string => `${app}:${checkName('key', key)}`
  const placeOf = (key: string): Place => new Place(key, keyOf(key), calls.storage)
  const ttlOf = (entry: CacheEntryOptions): number => resolveOptions(ENTRY, entry, defaults).ttlMs

  const send = async <R>(command: () => Promise<R>): Promise<R> =>
    (await breaker.guard(() => calls.call(command, CACHE_TIMEOUT_MS))).reply

  const read = async ({ key, storageKey }: Place): Promise<unknown> => {
    const value = decode(await send(() => values.get(storageKey)), codec)
    if (value === undefined) counts.misses += 1
    else counts.hits += 1
    cacheEvents.publish(() => ({ ...of, key, type: value === undefined ? 'miss' : 'hit' }))
    return value
  }

  const loadValue = async <T>(place: Place, load: () => T | Promise<T>): Promise<T> => {
    const { key } = place
    counts.loads += 1
    const startedAt = runtime.monotonicNow()
    try {
      const value = loads.traced
        ? await loads.trace({ ...of, key }, () => enter(place, load))
        : await enter(place, load)
      const durationMs = runtime.monotonicNow() - startedAt
      cacheEvents.publish(() => ({ ...of, key, type: 'loaded', durationMs, found: value !== undefined }))
      return value
    } catch (error) {
      counts.loadFailures += 1
      const durationMs = runtime.monotonicNow() - startedAt
      cacheEvents.publish(() => ({ ...of, key, type: 'loadFailed', durationMs, error }))
      throw error
    }
  }

  /** The value, or what the load makes of it while it holds the key's placeholder. */
  const loadOnce = async <T>(place: Place, load: () => T | Promise<T>, ttlMs: number): Promise<T> => {
    const { key, storageKey } = place
    const mark = `${LOADING}${runtime.randomId()}.`
    let placeholder: string
    try {
      const cached = await read(place)
      if (cached !== undefined) return cached as T
      for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(LONGEST_POLL_MS, pollMs * 2)) {
        placeholder = await send(() => values.reserve(storageKey, mark, LOAD_LEASE_MS))
        if (placeholder.startsWith(mark)) break
        const loaded = decode(placeholder, codec)
        if (loaded !== undefined) return loaded as T
        await pause(pollMs * (0.5 + runtime.random() / 2))
      }
    } catch (error) {
      // A cache that cannot be reached must not take the app with it.
      if (!isOut(error)) throw error
      cacheEvents.publish(() => ({ ...of, key, type: 'bypassed', error }))
      return loadValue(place, load)
    }
    return fill(place, placeholder, load, ttlMs)
  }

  const fill = async <T>(
    place: Place,
    placeholder: string,
    load: () => T | Promise<T>,
    ttlMs: number,
  ): Promise<T> => {
    const { key, storageKey } = place
    const renewal = renewEvery(LOAD_LEASE_MS / 3, () =>
      values.replace(storageKey, placeholder, placeholder, LOAD_LEASE_MS),
    )
    try {
      const value = await loadValue(place, load)
      renewal.stop()
      const stored = await send(() =>
        value === undefined
          ? values.removeIf(storageKey, placeholder)
          : values.replace(storageKey, placeholder, VALUE + codec.encode(value), ttlMs),
      ).catch(async (error: unknown) => {
        ignoreOutage(error)
        cacheEvents.publish(() => ({ ...of, key, type: 'bypassed', error }))
        // Other processes must not wait for a value that never comes.
        if (!isUnavailable(error))
          await send(() => values.removeIf(storageKey, placeholder)).catch(ignoreOutage)
      })
      // The placeholder is gone: the key was removed or set meanwhile, and that wins.
      if (stored === false) {
        counts.fillsRefused += 1
        cacheEvents.publish(() => ({ ...of, key, type: 'fillRefused' }))
      }
      return value
    } catch (error) {
      renewal.stop()
      await send(() => values.removeIf(storageKey, placeholder)).catch(ignoreOutage)
      throw error
    }
  }

  const renewEvery = (ms: number, renew: () => Promise<unknown>): { stop(): void } => {
    let timer = runtime.setTimer(ms, tick, { background: true })
    let stopped = false
    function tick(): void {
      send(renew).catch(() => undefined)
      if (!stopped) timer = runtime.setTimer(ms, tick, { background: true })
    }
    return {
      stop: () => {
        stopped = true
        timer.cancel()
      },
    }
  }

  const pause = (ms: number): Promise<void> => new Promise((resolve) => void runtime.setTimer(ms, resolve))

  return {
    async get<T>(key: string) {
      return (await read(placeOf(key))) as T | undefined
    },

    async set(key, value, entry = {}) {
      if (value === undefined)
        throw new InvalidArgumentError(
          'undefined cannot be stored, because it means a miss; store null instead.',
        )
      const storageKey = keyOf(key)
      const ttlMs = ttlOf(entry)
      const data = VALUE + codec.encode(value)
      inFlight.delete(storageKey)
      const set = (notAfter: number): Promise<SetReply> => values.set(storageKey, data, ttlMs, notAfter)
      const { reply } = await breaker.guard(() => calls.claim(set, CACHE_TIMEOUT_MS))
      if (reply.outcome === 'late') {
        throw new StorageUnavailableError('The value reached the cache storage too late to be stored.', {
          maybeApplied: false,
        })
      }
      inFlight.delete(storageKey)
      cacheEvents.publish(() => ({ ...of, key, type: 'set' }))
    },

    async remove(key) {
      const given: readonly string[] = Array.isArray(key) ? key : [key as string]
      const keys = given.map(keyOf)
      // Calls from now on, and calls after the removal, must not join a load that began before it.
      const leaveLoads = (): void => keys.forEach((storageKey) => inFlight.delete(storageKey))
      leaveLoads()
      if (keys.length === 0) return 0
      const removed = await send(() => values.remove(keys))
      leaveLoads()
      cacheEvents.publish(() => ({ ...of, type: 'removed', keys: given, removed }))
      return removed
    },

    async exists(key) {
      const storageKey = keyOf(key)
      return (await send(() => values.get(storageKey)))?.startsWith(VALUE) ?? false
    },

    async getOrCreate<T>(key: string, load: () => T | Promise<T>, entry: CacheEntryOptions = {}) {
      const place = placeOf(key)
      const { storage, storageKey } = place
      const ttlMs = ttlOf(entry)
      checkFunction('load', load)
      if (contains(callChain(), Place, (one) => one.storageKey === storageKey && one.storage === storage)) {
        throw new SelfDeadlockError(
          `The load of ${JSON.stringify(key)} asks for its own key, so it would wait for itself. Load the value directly.`,
        )
      }
      const joined = inFlight.get(storageKey)
      if (joined !== undefined) {
        counts.joined += 1
        cacheEvents.publish(() => ({ ...of, key, type: 'joined' }))
        return joined as Promise<T>
      }
      const loaded = loadOnce(place, load, ttlMs).finally(() => {
        if (inFlight.get(storageKey) === loaded) inFlight.delete(storageKey)
      })
      inFlight.set(storageKey, loaded)
      return loaded
    },

    stats() {
      const reads = counts.hits + counts.misses
      return { ...counts, hitRate: reads === 0 ? undefined : counts.hits / reads }
    },
  }
}

function decode(stored: string | null, codec: Codec): unknown {
  return stored?.startsWith(VALUE) ? codec.decode(stored.slice(VALUE.length)) : undefined
}

/** The storage cannot be reached, or refuses. */
function isOut(error: unknown): boolean {
  return isUnavailable(error) || hasCode(error, 'STORAGE_REFUSED')
}

function ignoreOutage(error: unknown): undefined {
  if (!isOut(error)) throw error
}
