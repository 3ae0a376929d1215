/** From redis-semaphore 5: each pair does the same with both libraries, and a test compares what the two answer. */
// #region create
import { createHoldfast, HoldfastError, LeaseLostError, type Locks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'
import { EventEmitter, once } from 'node:events'
import { MultiSemaphore, Mutex, Semaphore, TimeoutError } from 'redis-semaphore'
import type { Stage } from './stage.ts'

/** On the client that you have, which `close()` leaves open. */
export const createLocks = (redis: Redis) =>
  createHoldfast({
    storage: ioredisStorage(redis),
    prefix: 'shop', // the name of your app, for `--prefix`
    locks: { leaseMs: 10_000, waitMs: 30_000 }, // `lockTimeout` and `acquireTimeout` of your mutexes
  })
// #endregion

const recount = async (signal?: AbortSignal): Promise<string> => {
  signal?.throwIfAborted()
  return 'counted'
}

// #region both
/** The options of your mutexes. */
const LOCK_TIMEOUT_MS = 10_000
const ACQUIRE_TIMEOUT_MS = 30_000
/** 0 means one attempt. */
const waitOf = (waitMs: number) => (waitMs > 0 ? { acquireTimeout: waitMs } : { acquireAttemptsLimit: 1 })

/** Holds the mutex, and then the lock, while `body` runs. Every caller takes them in this order. */
async function runWithBoth<T>(
  redis: Redis,
  locks: Locks,
  name: string,
  body: (signal: AbortSignal) => Promise<T>,
  waitMs: number,
): Promise<T> {
  const runInner = (old: AbortSignal): Promise<T> =>
    locks.run(name, { leaseMs: LOCK_TIMEOUT_MS, waitMs, signal: old }, (lease) =>
      body(AbortSignal.any([old, lease.signal])),
    )
  return await runWithMutex(redis, name, runInner, waitMs)
}

async function runWithMutex<T>(
  redis: Redis,
  name: string,
  body: (signal: AbortSignal) => Promise<T>,
  waitMs: number,
): Promise<T> {
  const lost = new AbortController()
  const mutex = new Mutex(redis, name, {
    lockTimeout: LOCK_TIMEOUT_MS,
    ...waitOf(waitMs),
    onLockLost: (error) => lost.abort(error), // without it, a lost mutex is an unhandled rejection
  })
  await mutex.acquire()
  try {
    return await body(lost.signal)
  } finally {
    await mutex.release()
  }
}
// #endregion

// #region stages
/** The one place that knows how a body is guarded. `stage` comes from the configuration of the process. */
export function createMutexGuard(stage: Stage, redis: Redis, locks: Locks) {
  return async <T>(
    name: string,
    body: (signal: AbortSignal) => Promise<T>,
    waitMs = ACQUIRE_TIMEOUT_MS,
  ): Promise<T> => {
    if (stage === 'old') return await runWithMutex(redis, name, body, waitMs)
    if (stage === 'new')
      return await locks.run(name, { leaseMs: LOCK_TIMEOUT_MS, waitMs }, (lease) => body(lease.signal))
    return await runWithBoth(redis, locks, name, body, waitMs)
  }
}
// #endregion

// #region skip
/** What `locks.run` with `whenHeld: 'skip'` resolves with, at each stage. */
export type Ran<T> = { readonly status: 'executed'; readonly result: T } | { readonly status: 'skipped' }

/** For calls with `tryAcquire`: while others hold the lock, the body does not run. An outage rejects. */
export function createSkippingMutexGuard(stage: Stage, redis: Redis, locks: Locks) {
  const guard = createMutexGuard(stage, redis, locks)
  return async <T>(name: string, body: (signal: AbortSignal) => Promise<T>): Promise<Ran<T>> => {
    let entered = false
    const enter = async (signal: AbortSignal): Promise<Ran<T>> => {
      entered = true
      return { status: 'executed', result: await body(signal) }
    }
    try {
      return await guard(name, enter, 0)
    } catch (error) {
      const held =
        error instanceof TimeoutError || (HoldfastError.isInstance(error) && error.code === 'LOCK_TIMEOUT')
      if (entered || !held) throw error
      return { status: 'skipped' }
    }
  }
}
// #endregion

// #region across
/** A lock that one function takes and another one releases. Both libraries renew it until then. */
export interface Held {
  /** Throws unless the lock is held now. */
  assertHeld(): void
  release(): Promise<void>
}

/** The same place for code that takes and releases in different functions. */
export function createMutexAcquire(stage: Stage, redis: Redis, locks: Locks) {
  return async (name: string): Promise<Held> => {
    const held: Held[] = [] // the old one first
    try {
      if (stage !== 'new') held.unshift(await acquireMutex(redis, name))
      if (stage !== 'old') held.unshift(await acquireLock(locks, name))
    } catch (error) {
      await Promise.allSettled(held.map((one) => one.release()))
      throw error
    }
    return {
      assertHeld: () => held.forEach((one) => one.assertHeld()),
      release: async () => {
        const ends = await Promise.allSettled(held.map((one) => one.release()))
        for (const end of ends) if (end.status === 'rejected') throw end.reason
      },
    }
  }
}

async function acquireMutex(redis: Redis, name: string): Promise<Held> {
  const lost = new AbortController()
  const mutex = new Mutex(redis, name, {
    lockTimeout: LOCK_TIMEOUT_MS,
    acquireTimeout: ACQUIRE_TIMEOUT_MS,
    onLockLost: (error) => lost.abort(error),
  })
  await mutex.acquire()
  return { assertHeld: () => lost.signal.throwIfAborted(), release: () => mutex.release() }
}

async function acquireLock(locks: Locks, name: string): Promise<Held> {
  const lease = await locks.acquire(name, { leaseMs: LOCK_TIMEOUT_MS })
  return { assertHeld: () => lease.assertValid(), release: async () => void (await lease.release()) }
}
// #endregion

export const redisSemaphorePairs = (redis: Redis, locks: Locks) => ({
  // #region calls
  'mutex.acquire(), mutex.release()': {
    before: async () => {
      const mutex = new Mutex(redis, 'stock')
      await mutex.acquire()
      try {
        return await recount()
      } finally {
        await mutex.release()
      }
    },
    after: () => locks.run('stock', { leaseMs: 10_000 }, (lease) => recount(lease.signal)),
  },

  'mutex.tryAcquire()': {
    before: async () => {
      const held = new Mutex(redis, 'stock')
      await held.acquire()
      const acquired = await new Mutex(redis, 'stock', { acquireAttemptsLimit: 1 }).tryAcquire()
      await held.release()
      return acquired
    },
    after: async () => {
      const held = await locks.acquire('stock', { leaseMs: 10_000 })
      const second = await locks.tryAcquire('stock', { leaseMs: 10_000 })
      await held.release()
      return second !== null
    },
  },

  'new Mutex(client, key, { acquireTimeout })': {
    before: async () => {
      const held = new Mutex(redis, 'stock')
      await held.acquire()
      try {
        await new Mutex(redis, 'stock', { acquireTimeout: 20 }).acquire()
        return 'acquired'
      } catch (error) {
        return error instanceof TimeoutError ? 'gave up' : 'failed'
      } finally {
        await held.release()
      }
    },
    after: async () => {
      const held = await locks.acquire('stock', { leaseMs: 10_000 })
      try {
        await locks.acquire('stock', { leaseMs: 10_000, waitMs: 20 })
        return 'acquired'
      } catch {
        return 'gave up' // LOCK_TIMEOUT; error.holders says who has it
      } finally {
        await held.release()
      }
    },
  },

  'new Mutex(client, key, { lockTimeout, refreshInterval })': {
    before: async () => {
      const mutex = new Mutex(redis, 'stock', { lockTimeout: 30_000, refreshInterval: 10_000 })
      await mutex.acquire()
      await mutex.release()
      return mutex.isAcquired
    },
    after: async () => {
      const lease = await locks.acquire('stock', { leaseMs: 30_000 }) // renewed every third of that
      await lease.release()
      return lease.remainingMs() > 0
    },
  },

  'new Mutex(client, key, { onLockLost })': {
    before: async () => {
      const ends = new EventEmitter()
      const ended = once(ends, 'end')
      const onLockLost = (): boolean => ends.emit('end', 'lost')
      const mutex = new Mutex(redis, 'stock', { lockTimeout: 1_000, refreshInterval: 20, onLockLost })
      await mutex.acquire()
      await redis.del('mutex:stock')
      return (await ended)[0]
    },
    after: async () => {
      const lease = await locks.acquire('stock', { leaseMs: 1_000 })
      const ended = once(lease.signal, 'abort')
      await locks.revoke('stock')
      await ended
      return lease.signal.reason instanceof LeaseLostError ? 'lost' : 'ended'
    },
  },

  'new Semaphore(client, key, limit)': {
    before: async () => {
      const once = { acquireAttemptsLimit: 1 }
      const [one, two, three] = [1, 2, 3].map(() => new Semaphore(redis, 'uploads', 2, once))
      await one?.acquire()
      await two?.acquire()
      const third = await three?.tryAcquire()
      await one?.release()
      await two?.release()
      return third
    },
    after: async () => {
      const uploads = locks.semaphore('uploads', { permits: 2 })
      const one = await uploads.acquire({ leaseMs: 10_000 })
      const two = await uploads.acquire({ leaseMs: 10_000 })
      const third = await uploads.tryAcquire({ leaseMs: 10_000 })
      await one.release()
      await two.release()
      return third !== null
    },
  },
  // #endregion

  // #region none
  'new MultiSemaphore(client, key, limit, permits)': {
    before: async () => {
      const two = new MultiSemaphore(redis, 'weights', 3, 2)
      await two.acquire()
      const other = await new MultiSemaphore(redis, 'weights', 3, 2, { acquireAttemptsLimit: 1 }).tryAcquire()
      await two.release()
      return other
    },
    // No call takes several permits at once. Several permits, one after the other, can block each other for ever:
    // a semaphore with as many permits as units of the larger size fit keeps the limit, and lets fewer in.
    after: async () => {
      const weights = locks.semaphore('weights', { permits: 1 })
      const two = await weights.acquire({ leaseMs: 10_000 })
      const other = await weights.tryAcquire({ leaseMs: 10_000 })
      await two.release()
      return other !== null
    },
  },
  // #endregion
})
