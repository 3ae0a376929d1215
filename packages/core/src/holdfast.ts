import { CACHE_OPTIONS, type Cache, type CacheOptions, cacheOver } from './cache/cache.ts'
import { Breaker } from './cache/breaker.ts'
import { checkDuration } from './check.ts'
import { publishConnection } from './support/connection-events.ts'
import { InvalidArgumentError, hasCode } from './errors.ts'
import {
  IDEMPOTENCY_OPTIONS,
  type Idempotency,
  type IdempotencyOptions,
  idempotencyOver,
} from './idempotency/idempotency.ts'
import { instanceName } from './support/instance.ts'
import { LOCKS_OPTIONS, type Locks, type LocksOptions, locksOver } from './locks/locks.ts'
import { checkOptions, optionNames } from './option-names.ts'
import { type Instant, type Runtime, instant, systemRuntime } from './support/runtime.ts'
import { StorageClient, type StorageClientOptions } from './support/storage-client.ts'
import type { Connection, ConnectionState, Finding, Storage } from './storage/storage.ts'

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
   * gives back what they held, and ends its own subscriptions. The client that you made stays open, and so does a
   * storage that others share (`createLocks(storage)`, another Holdfast): the last of them to be closed ends it.
   */
  close(options?: { readonly graceMs?: number | undefined }): Promise<void>
}

export interface HoldfastOptions extends StorageClientOptions {
  /** Where locks and executions live: `memoryStorage()`, `ioredisStorage(client)`, `nodeRedisStorage(client)`. */
  readonly storage: Storage
  /** Where the cache lives, when it may be evicted and the rest may not. Default: `storage`. */
  readonly cacheStorage?: Storage | undefined
  /** Separates apps in one storage. Default `holdfast`. */
  readonly prefix?: string | undefined
  /**
   * How this process is called in snapshots, in `locks.inspect`, in messages of errors and in events, for people to read;
   * no answer of ours to an HTTP request shows it. Default: host name and process id (`web-7f9c:4711`).
   */
  readonly instance?: string | undefined
  readonly locks?: Omit<LocksOptions, 'prefix' | 'instance'> | undefined
  readonly idempotency?: Omit<IdempotencyOptions, 'prefix' | 'instance'> | undefined
  readonly cache?: Omit<CacheOptions, 'prefix'> | undefined
  /** Time, timers and randomness, for tests. */
  readonly runtime?: Runtime | undefined
}

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
   * Of `storage`. Of a `cacheStorage` of its own only what stops the cache (`stopsCache`): its codes begin with `CACHE_`,
   * and `CACHE_UNAVAILABLE` says that it does not answer.
   */
  readonly findings: readonly Finding[]
  /** Why the storage counts as down; what it answered when it refuses to tell even the time. */
  readonly error: Error | null
}

const CALLS_OPTIONS = optionNames<StorageClientOptions>({ callTimeoutMs: true, maxPendingCalls: true })
const HOLDFAST_OPTIONS = optionNames<Omit<HoldfastOptions, keyof StorageClientOptions>>(
  {
    storage: true,
    cacheStorage: true,
    prefix: true,
    instance: true,
    locks: true,
    idempotency: true,
    cache: true,
    runtime: true,
  },
  CALLS_OPTIONS,
)
const CLOSE_OPTIONS = optionNames<NonNullable<Parameters<Holdfast['close']>[0]>>({ graceMs: true })

/** Everything over one storage, sharing its connection, its deadlines and its picture of the storage's clock. */
export function createHoldfast(options: HoldfastOptions): Holdfast {
  const { storage, cacheStorage = storage, prefix = 'holdfast' } = checkOptions(options, HOLDFAST_OPTIONS)
  // What is given here for all of them is not given there for one.
  checkOptions(options.locks ?? {}, without(LOCKS_OPTIONS, 'prefix', 'instance'))
  checkOptions(options.idempotency ?? {}, without(IDEMPOTENCY_OPTIONS, 'prefix', 'instance'))
  checkOptions(options.cache ?? {}, without(CACHE_OPTIONS, 'prefix'))
  checkStorage('storage', storage)
  checkStorage('cacheStorage', cacheStorage)
  const { runtime = systemRuntime } = options
  const calls = new StorageClient(storage, runtime, options)
  const cacheCalls = cacheStorage === storage ? calls : new StorageClient(cacheStorage, runtime, options)
  const instance = instanceName(options.instance)
  const locks = locksOver(calls, { ...options.locks, prefix, instance })
  const idempotency = idempotencyOver(calls, { ...options.idempotency, prefix, instance })
  const breaker = new Breaker(runtime, prefix)
  const cache = cacheOver(cacheCalls, { ...options.cache, prefix }, breaker)
  const silence = [publishConnection(storage, { instance, prefix, storage: 'main' }, runtime)]
  if (cacheCalls !== calls)
    silence.push(publishConnection(cacheStorage, { instance, prefix, storage: 'cache' }, runtime))
  let closed: Promise<void> | undefined

  const close = async (graceMs: number): Promise<void> => {
    await Promise.all([locks.close({ graceMs }), idempotency.close({ graceMs })])
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
      const [{ findings, ...main }, ofCache] = await Promise.all([
        healthOf(calls),
        cacheCalls === calls ? [] : cacheFindings(cacheCalls),
      ])
      return {
        ...main,
        findings: [...findings, ...ofCache],
        cacheBreaker: breaker.state,
        eventLoopDelayMs: calls.eventLoopDelay.worstMs(runtime.monotonicNow()),
      }
    },
    async close(how = {}) {
      // Checked before anything is closed: a refused call leaves the instance to be closed by the next.
      const { graceMs = 0 } = checkOptions(how, CLOSE_OPTIONS)
      checkDuration('graceMs', graceMs, 0)
      await (closed ??= close(graceMs))
    },
    [Symbol.asyncDispose]: () => (closed ??= close(0)),
  }
}

function without(names: ReadonlySet<string>, ...taken: readonly string[]): ReadonlySet<string> {
  return new Set([...names].filter((name) => !taken.includes(name)))
}

/**
 * What one feature alone is made of. The storage is yours to close: it ends what it opened when that was done and none
 * of those who share it is open any more.
 */
export type FeatureOptions<Options> = Options &
  StorageClientOptions & { readonly runtime?: Runtime | undefined }

/** Locks alone. */
export function createLocks(storage: Storage, options: FeatureOptions<LocksOptions> = {}): Locks {
  return alone(storage, options, LOCKS_OPTIONS, locksOver)
}

/** Idempotency alone. */
export function createIdempotency(
  storage: Storage,
  options: FeatureOptions<IdempotencyOptions> = {},
): Idempotency {
  return alone(storage, options, IDEMPOTENCY_OPTIONS, idempotencyOver)
}

/** The cache alone. */
export function createCache(storage: Storage, options: FeatureOptions<CacheOptions> = {}): ClosableCache {
  return alone(storage, options, CACHE_OPTIONS, (calls, own) => {
    const close = async (): Promise<void> => undefined
    return { ...cacheOver(calls, own), close }
  })
}

/** A cache that belongs to no Holdfast. */
export interface ClosableCache extends Cache {
  /** Refuses new calls and lets go of the storage. */
  close(): Promise<void>
}

interface Named {
  readonly prefix?: string | undefined
  readonly instance?: string | undefined
}

function alone<Options extends Named, Feature extends { close(options?: never): Promise<void> }>(
  storage: Storage,
  options: FeatureOptions<Options>,
  names: ReadonlySet<string>,
  over: (calls: StorageClient, options: Options) => Feature,
): Feature {
  checkStorage('storage', storage)
  checkOptions(options, new Set([...names, ...CALLS_OPTIONS, 'runtime']))
  const calls = new StorageClient(storage, options.runtime ?? systemRuntime, options)
  const feature = over(calls, options)
  const { prefix = 'holdfast', instance } = options
  const of = { instance: instanceName(instance), prefix, storage: 'main' } as const
  const silence = publishConnection(storage, of, calls.runtime)
  const close: Feature['close'] = async (how) => {
    await feature.close(how)
    silence()
    calls.close()
  }
  return { ...feature, close }
}

/** How long all of `verify()` may take: some round trips, and waiting a second for a message that may not come. */
const VERIFY_TIMEOUT_MS = 5_000

async function healthOf(calls: StorageClient): Promise<Omit<Health, 'cacheBreaker' | 'eventLoopDelayMs'>> {
  const { storage, runtime } = calls
  try {
    const sentAt: Instant = instant(runtime)
    const refused = await calls.time().then(() => null, refusal)
    const roundTripMs = runtime.monotonicNow() - sentAt.monotonic
    const timeoutMs = Math.max(calls.callTimeoutMs, VERIFY_TIMEOUT_MS)
    const { reply: findings } = await calls.call(() => storage.verify(), timeoutMs)
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
async function cacheFindings(calls: StorageClient): Promise<readonly Finding[]> {
  const { connection } = calls.storage
  try {
    // Health does not take longer because the cache is away.
    if (connection.state === 'down') throw connection.problem ?? new Error('It is not connected now.')
    const { reply } = await calls.call(() => calls.storage.verify())
    return reply.flatMap(({ code, message, fix, stopsCache }) =>
      stopsCache ? [cacheFinding({ code: `CACHE_${code}`, message, fix })] : [],
    )
  } catch (error) {
    const { message } = error as Error
    const fix = 'Bring it back; nothing else need be done.'
    return [cacheFinding({ code: 'CACHE_UNAVAILABLE', message: `${message} Every load runs.`, fix })]
  }
}

function cacheFinding({ message, ...finding }: Pick<Finding, 'code' | 'message' | 'fix'>): Finding {
  const what = { severity: 'warning', stopsWork: false, stopsCache: true } as const
  return { ...finding, ...what, message: `Of cacheStorage: ${message}` }
}

/** A storage that refuses has answered: `verify()` finds out why. */
function refusal(error: unknown): Error {
  if (hasCode(error, 'STORAGE_REFUSED')) return error
  throw error
}

function checkStorage(name: string, storage: Storage): void {
  if (typeof storage?.records?.createOrRead !== 'function') {
    throw new InvalidArgumentError(
      `${name} must be a storage: memoryStorage(), ioredisStorage(client) or nodeRedisStorage(client).`,
    )
  }
}
