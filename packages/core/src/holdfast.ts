import type { Cache } from './cache/cache.ts'
import { cacheOver } from './cache/create-cache.ts'
import { CACHE, type CacheOptions, checkLoadPolicy } from './cache/options.ts'
import { nearOn } from './cache/near/options.ts'
import { type FeatureOptions, alone } from './feature.ts'
import { publishConnection } from './support/connection-events.ts'
import { hasCode } from './errors.ts'
import { HOLDFAST, type HoldfastOptions, checkStorage } from './holdfast-options.ts'
import { type Idempotency, idempotencyOver } from './idempotency/idempotency.ts'
import { EXECUTION, type ExecutionOptions } from './idempotency/options.ts'
import { identityOf } from './support/instance.ts'
import { type Locks, locksOver } from './locks/locks.ts'
import { LOCKS, type LocksOptions } from './locks/options.ts'
import { type Instant, instant } from './support/runtime.ts'
import { StorageClient } from './support/storage-client.ts'
import type { Connection, ConnectionState, Diagnostic, Storage, VerifyOptions } from './storage/storage.ts'
import { CLOSE, type CloseOptions } from './support/close-options.ts'
import { resolveOptions } from './support/option-table.ts'

/** Locks, idempotent jobs and a cache over one storage. */
export interface Holdfast extends AsyncDisposable {
  readonly locks: Locks
  readonly idempotency: Idempotency
  readonly cache: Cache
  /** Whether there is a connection to the storage now, and when that changes. */
  readonly connection: Connection
  /** Whether the storage answers, how fast, and what is wrong with it. Never rejects. */
  health(): Promise<Health>
  /**
   * Starts nothing any more, aborts the signals of running bodies and waits up to `graceMs` (default 0) for them,
   * releases what they held, and ends its own subscriptions. The client that you made stays open, and so does a
   * storage that others share (`createLocks(storage)`, another Holdfast): the last of them to be closed ends it.
   */
  close(options?: CloseOptions): Promise<void>
}

/** What `health()` finds. */
export interface Health {
  /**
   * `down`: the storage does not answer. `degraded`: it answers, but refuses what locks or jobs need, as a replica, a
   * full server or one without the rights does; a finding with `stopsWork` says what to do. Both are a reason to send
   * this instance no traffic. What the cache lacks never changes it: loads run without the cache.
   */
  readonly status: 'up' | 'degraded' | 'down'
  readonly connection: ConnectionState
  /** Of one command; null when it was not answered. */
  readonly roundTripMs: number | null
  /** `open`: the cache's storage did not answer and is not asked for the moment; loads run without it. */
  readonly cacheBreaker: 'closed' | 'open'
  /**
   * How late the timers that renew leases fired, at worst within the last minute. Near two thirds of the shortest
   * lease, leases get lost: find what blocks the event loop.
   */
  readonly eventLoopDelayMs: number
  /**
   * Of `storage`. Of a separate `cacheStorage` only what stops the cache (`stopsCache`): its codes begin with `CACHE_`,
   * and `CACHE_UNAVAILABLE` says that it does not answer.
   */
  readonly findings: readonly Diagnostic[]
  /** Why the storage counts as down; its answer when it refuses even to read its clock. */
  readonly error: Error | null
}

/** Everything over one storage, sharing its connection, its deadlines and its picture of the storage's clock. */
export function createHoldfast(options: HoldfastOptions): Holdfast {
  const given = resolveOptions(HOLDFAST, options)
  const { storage, cacheStorage = storage, prefix, runtime } = given
  // Refused before anything is opened.
  const ofLocks = resolveOptions(LOCKS, given.locks, undefined, 'locks.')
  const policies = resolveOptions(EXECUTION, given.idempotency, undefined, 'idempotency.')
  const ofCache = checkLoadPolicy(resolveOptions(CACHE, given.cache, undefined, 'cache.'))
  nearOn(ofCache.near, cacheStorage)
  const identity = identityOf(given)
  const { instance, app } = identity
  const calls = new StorageClient(storage, runtime, given)
  const cacheCalls = cacheStorage === storage ? calls : new StorageClient(cacheStorage, runtime, given)
  const locks = locksOver(calls, ofLocks, identity)
  const idempotency = idempotencyOver(calls, policies, identity)
  const { cache, breaker, isNear, close: closeCache } = cacheOver(cacheCalls, ofCache, identity)
  const silence = [publishConnection(calls, { instance, prefix, storage: 'main' })]
  if (cacheCalls !== calls)
    silence.push(publishConnection(cacheCalls, { instance, prefix, storage: 'cache' }))
  let closed: Promise<void> | undefined

  const close = async (graceMs: number): Promise<void> => {
    await Promise.all([closeCache(), locks.close({ graceMs }), idempotency.close({ graceMs })])
    for (const stop of silence) stop()
    const used = new Set([calls, cacheCalls])
    for (const each of used) each.close()
    // Those who still use it keep it open.
    await Promise.all([...used].map(async (each) => await each.storage.close()))
  }

  return {
    locks,
    idempotency,
    cache,
    connection: storage.connection,
    async health() {
      const near = isNear() || undefined
      const isShared = cacheCalls === calls
      const [{ findings, ...main }, cacheFindings] = await Promise.all([
        healthOf(calls, { app, ...(isShared ? { near } : { features: ['locks', 'idempotency'] }) }),
        isShared ? [] : findingsOfCache(cacheCalls, { app, features: ['cache'], near }),
      ])
      return {
        ...main,
        findings: [...findings, ...cacheFindings],
        cacheBreaker: breaker.state,
        eventLoopDelayMs: calls.eventLoopDelay.worstMs(runtime.monotonicNow()),
      }
    },
    async close(how = {}) {
      // Checked before anything is closed: a refused call leaves the instance to be closed by the next.
      const { graceMs } = resolveOptions(CLOSE, how)
      await (closed ??= close(graceMs))
    },
    [Symbol.asyncDispose]: () => (closed ??= close(0)),
  }
}

/** Locks alone. */
export function createLocks(storage: Storage, options: FeatureOptions<LocksOptions> = {}): Locks {
  return alone(checkStorage('storage', storage), options, LOCKS, locksOver)
}

/** Idempotency alone. */
export function createIdempotency(
  storage: Storage,
  options: FeatureOptions<ExecutionOptions> = {},
): Idempotency {
  return alone(checkStorage('storage', storage), options, EXECUTION, idempotencyOver)
}

/** The cache alone. */
export function createCache(storage: Storage, options: FeatureOptions<CacheOptions> = {}): ClosableCache {
  return alone(checkStorage('storage', storage), options, CACHE, (calls, own, identity) => {
    const { cache, close } = cacheOver(calls, own, identity)
    return { ...cache, close }
  })
}

/** A cache that belongs to no Holdfast. */
export interface ClosableCache extends Cache {
  /** Refuses new calls and lets go of the storage. */
  close(): Promise<void>
}

/** How long all of `verify()` may take: some round trips, and waiting a second for a message that may not come. */
const VERIFY_TIMEOUT_MS = 5_000

async function healthOf(
  calls: StorageClient,
  what: VerifyOptions,
): Promise<Omit<Health, 'cacheBreaker' | 'eventLoopDelayMs'>> {
  const { storage, runtime } = calls
  try {
    const sentAt: Instant = instant(runtime)
    const refused = await calls.time().then(() => null, refusal)
    const roundTripMs = runtime.monotonicNow() - sentAt.monotonic
    const timeoutMs = Math.max(calls.callTimeoutMs, VERIFY_TIMEOUT_MS)
    const { reply: findings } = await calls.call(() => storage.verify(what), timeoutMs)
    const works = refused === null && !findings.some(({ stopsWork }) => stopsWork === true)
    const status = works ? 'up' : 'degraded'
    // Read now: the first call of all may have waited for the connection.
    return { status, connection: storage.connection.state, roundTripMs, findings, error: refused }
  } catch (error) {
    const connection = storage.connection.state
    return { status: 'down', connection, roundTripMs: null, findings: [], error: error as Error }
  }
}

/** What keeps a storage of the cache's own from working. That it evicts and forgets is what it is there for. */
async function findingsOfCache(calls: StorageClient, what: VerifyOptions): Promise<readonly Diagnostic[]> {
  const { connection } = calls.storage
  try {
    // Health does not take longer because the cache is away.
    if (connection.state === 'down') throw connection.problem ?? new Error('It is not connected now.')
    const { reply } = await calls.call(() => calls.storage.verify(what))
    return reply.flatMap((finding) => {
      const { code, message, fix, stopsCache } = finding
      if (stopsCache) return [cacheFinding({ code: `CACHE_${code}`, message, fix })]
      // Nothing of the cache stops: it keeps no copies.
      return code.startsWith('TRACKING_') ? [{ ...finding, message: `Of cacheStorage: ${message}` }] : []
    })
  } catch (error) {
    const { message } = error as Error
    const fix = 'Bring it back; nothing else need be done.'
    return [cacheFinding({ code: 'CACHE_UNAVAILABLE', message: `${message} Every load runs.`, fix })]
  }
}

function cacheFinding({ message, ...finding }: Pick<Diagnostic, 'code' | 'message' | 'fix'>): Diagnostic {
  const what = { severity: 'warning', stopsWork: false, stopsCache: true } as const
  return { ...finding, ...what, message: `Of cacheStorage: ${message}` }
}

/** A storage that refuses has answered: `verify()` finds out why. */
function refusal(error: unknown): Error {
  if (hasCode(error, 'STORAGE_REFUSED')) return error
  throw error
}
