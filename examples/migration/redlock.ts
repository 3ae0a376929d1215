/** From redlock 5: each pair does the same with redlock and with Holdfast, and a test compares what the two answer. */
// #region create
import { createHoldfast, HoldfastError, type Lease, type LockEvent, type Locks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'
import { subscribe } from 'node:diagnostics_channel'
import Redlock, { ExecutionError, type Lock, ResourceLockedError } from 'redlock'
import type { Stage } from './stage.ts'

/** Both on the client that you have. `close()` of Holdfast leaves it open. */
export function createLocks(redis: Redis) {
  const redlock = new Redlock([redis], { retryDelay: 200, retryJitter: 100 })
  redlock.on('error', (error) => {
    if (!(error instanceof ResourceLockedError)) console.error('redlock:', error)
  })
  const holdfast = createHoldfast({
    storage: ioredisStorage(redis),
    prefix: 'shop', // the name of your app, for `--prefix`
    locks: { waitMs: 60_000 },
  })
  return { redlock, holdfast }
}
// #endregion

const recount = async (signal?: AbortSignal): Promise<string> => {
  signal?.throwIfAborted()
  return 'counted'
}

// #region both
/** The `duration` of your calls of redlock. */
const DURATION_MS = 30_000
/** How long a call waits for each lock, unless it says otherwise. */
const WAIT_MS = 60_000
/** Only for acquiring: redlock would retry the release and the extension of a lost lock as often. 200 is its `retryDelay`. */
const retriesFor = (waitMs: number) => ({ retryCount: Math.ceil(waitMs / 200) })

/** Holds the old lock, and then the new one, while `body` runs. Every caller takes them in this order. */
async function runWithBoth<T>(
  redlock: Redlock,
  locks: Locks,
  name: string,
  body: (signal: AbortSignal) => Promise<T>,
  waitMs: number,
): Promise<T> {
  return await redlock.using([`locks:${name}`], DURATION_MS, retriesFor(waitMs), async (old) =>
    locks.run(name, { leaseMs: DURATION_MS, waitMs, signal: old }, (lease) =>
      body(AbortSignal.any([old, lease.signal])),
    ),
  )
}
// #endregion

// #region stages
/** The one place that knows how a body is guarded. `stage` comes from the configuration of the process. */
export function createGuard(stage: Stage, redlock: Redlock, locks: Locks) {
  return async <T>(name: string, body: (signal: AbortSignal) => Promise<T>, waitMs = WAIT_MS): Promise<T> => {
    if (stage === 'old') return await redlock.using([`locks:${name}`], DURATION_MS, retriesFor(waitMs), body)
    if (stage === 'new')
      return await locks.run(name, { leaseMs: DURATION_MS, waitMs }, (lease) => body(lease.signal))
    return await runWithBoth(redlock, locks, name, body, waitMs)
  }
}
// #endregion

// #region skip
/** What `locks.run` with `whenHeld: 'skip'` resolves with, at each stage. */
export type Ran<T> = { readonly status: 'executed'; readonly result: T } | { readonly status: 'skipped' }

/** For calls with `retryCount: 0`: while others hold the lock, the body does not run. An outage rejects. */
export function createSkippingGuard(stage: Stage, redlock: Redlock, locks: Locks) {
  const guard = createGuard(stage, redlock, locks)
  return async <T>(name: string, body: (signal: AbortSignal) => Promise<T>): Promise<Ran<T>> => {
    let entered = false
    const enter = async (signal: AbortSignal): Promise<Ran<T>> => {
      entered = true
      return { status: 'executed', result: await body(signal) }
    }
    try {
      return await guard(name, enter, 0)
    } catch (error) {
      if (entered || !(await saysHeld(error))) throw error
      return { status: 'skipped' }
    }
  }
}

/** redlock has one error for a lock that others hold and for an outage: only the votes tell them apart. */
async function saysHeld(error: unknown): Promise<boolean> {
  if (!(error instanceof ExecutionError))
    return HoldfastError.isInstance(error) && error.code === 'LOCK_TIMEOUT'
  const attempts = await Promise.all(error.attempts)
  return attempts.every(({ votesAgainst }) =>
    [...votesAgainst.values()].every((vote) => vote instanceof ResourceLockedError),
  )
}
// #endregion

// #region across
/** A lock that one function takes and another one releases. It ends `DURATION_MS` after it was taken or extended. */
export interface Held {
  /** Throws unless the lock is held now. */
  assertHeld(): void
  /** Makes it end `DURATION_MS` from now, as `lock.extend(DURATION_MS)` did. */
  extend(): Promise<void>
  release(): Promise<void>
}

/** The same place for code that takes and releases in different functions. */
export function createAcquire(stage: Stage, redlock: Redlock, locks: Locks) {
  return async (name: string, waitMs = WAIT_MS): Promise<Held> => {
    if (stage === 'old') return await acquireOld(redlock, name, waitMs)
    if (stage === 'new') return await acquireNew(locks, name, waitMs)
    return await acquireBoth(redlock, locks, name, waitMs)
  }
}

/** The old lock first. It ends by itself, so it is extended when the new one is there; if it has ended, neither is held. */
async function acquireBoth(redlock: Redlock, locks: Locks, name: string, waitMs: number): Promise<Held> {
  const old = await acquireOld(redlock, name, waitMs)
  let lease: Held | undefined
  try {
    lease = await acquireNew(locks, name, Math.min(waitMs, DURATION_MS / 2))
    await old.extend()
  } catch (error) {
    await Promise.allSettled([lease?.release(), old.release()])
    throw error
  }
  const both = [lease, old]
  return {
    assertHeld: () => both.forEach((held) => held.assertHeld()),
    extend: async () => void (await Promise.all(both.map((held) => held.extend()))),
    release: async () => {
      const ends = await Promise.allSettled(both.map((held) => held.release()))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    },
  }
}

async function acquireOld(redlock: Redlock, name: string, waitMs: number): Promise<Held> {
  let lock = await redlock.acquire([`locks:${name}`], DURATION_MS, retriesFor(waitMs))
  return {
    assertHeld: () => {
      if (lock.expiration <= Date.now()) throw new Error(`the lock ${name} has expired`)
    },
    extend: async () => void (lock = await lock.extend(DURATION_MS)),
    release: async () => void (await lock.release()),
  }
}

async function acquireNew(locks: Locks, name: string, waitMs: number): Promise<Held> {
  const lease = await locks.acquire(name, { leaseMs: DURATION_MS, maxHoldMs: DURATION_MS, waitMs })
  return {
    assertHeld: () => lease.assertValid(),
    extend: () => lease.extend(Math.max(1, DURATION_MS - lease.remainingMs())), // it adds to what is left
    release: async () => void (await lease.release()),
  }
}
// #endregion

export const redlockPairs = (redlock: Redlock, locks: Locks) => ({
  // #region calls
  'redlock.using(resources, duration, routine)': {
    before: () =>
      redlock.using(['locks:stock'], 30_000, async (signal) => {
        const counted = await recount(signal)
        if (signal.aborted) throw signal.error ?? new Error('lost')
        return counted
      }),
    after: () =>
      locks.run('stock', { leaseMs: 30_000 }, async (lease) => {
        const counted = await recount(lease.signal)
        lease.assertValid()
        return counted
      }),
  },

  'redlock.acquire(resources, duration)': {
    before: async () => {
      const lock = await redlock.acquire(['locks:stock'], 30_000)
      try {
        return await recount()
      } finally {
        await lock.release()
      }
    },
    after: async () => {
      const lease = await locks.acquire('stock', { leaseMs: 30_000, maxHoldMs: 30_000 })
      try {
        return await recount(lease.signal)
      } finally {
        await lease.release()
      }
    },
  },

  'redlock.acquire([a, b], duration)': {
    before: async () => {
      const lock = await redlock.acquire(['locks:a', 'locks:b'], 30_000)
      await lock.release()
      return lock.resources.length
    },
    after: async () => {
      const both = await locks.acquireAll(['a', 'b'], { leaseMs: 30_000, maxHoldMs: 30_000 })
      await both.release()
      return both.leases.length
    },
  },

  'redlock.acquire(resources, duration, { retryCount: 0 })': {
    before: async () => {
      const held = await redlock.acquire(['locks:stock'], 30_000)
      let second: Lock | null = null
      try {
        second = await redlock.acquire(['locks:stock'], 30_000, { retryCount: 0 })
      } catch (error) {
        if (!(error instanceof ExecutionError)) throw error // it also says this when Redis is down
      }
      await held.release()
      return second
    },
    after: async () => {
      const held = await locks.acquire('stock', { leaseMs: 30_000, maxHoldMs: 30_000 })
      // null: it is held. An outage throws STORAGE_UNAVAILABLE
      const second = await locks.tryAcquire('stock', { leaseMs: 30_000, maxHoldMs: 30_000 })
      await held.release()
      return second
    },
  },

  'redlock.acquire(resources, duration, { retryCount, retryDelay })': {
    before: async () => {
      const held = await redlock.acquire(['locks:stock'], 30_000)
      try {
        await redlock.acquire(['locks:stock'], 30_000, { retryCount: 2, retryDelay: 10, retryJitter: 0 })
        return 'acquired'
      } catch {
        return 'gave up'
      } finally {
        await held.release()
      }
    },
    after: async () => {
      const held = await locks.acquire('stock', { leaseMs: 30_000, maxHoldMs: 30_000 })
      try {
        await locks.acquire('stock', { waitMs: 20, leaseMs: 30_000, maxHoldMs: 30_000 })
        return 'acquired'
      } catch {
        return 'gave up'
      } finally {
        await held.release()
      }
    },
  },

  'lock.extend(duration)': {
    before: async () => {
      let lock = await redlock.acquire(['locks:stock'], 30_000)
      lock = await lock.extend(600_000) // ends this long from now
      const leftMs = lock.expiration - Date.now()
      await lock.release()
      return leftMs > 300_000
    },
    after: async () => {
      const lease = await locks.acquire('stock', { leaseMs: 30_000, maxHoldMs: 30_000 })
      await lease.extend(600_000 - lease.remainingMs()) // adds: what is missing until this long from now
      const leftMs = lease.remainingMs()
      await lease.release()
      return leftMs > 300_000
    },
  },

  'lock.release()': {
    before: async () => {
      const lock = await redlock.acquire(['locks:stock'], 30_000)
      const { attempts } = await lock.release() // rejects when the lock had expired
      return attempts.length === 1
    },
    after: async () => {
      const lease: Lease = await locks.acquire('stock', { leaseMs: 30_000, maxHoldMs: 30_000 })
      return (await lease.release()) === 'released' // 'expired' or 'lost' when it had gone: never a rejection
    },
  },

  "redlock.on('error', listener)": {
    before: async () => {
      let seen = 0
      const listener = (): void => void (seen += 1)
      redlock.on('error', listener)
      await redlock.using(['locks:stock'], 30_000, () =>
        redlock.acquire(['locks:stock'], 30_000, { retryCount: 0 }).catch(() => undefined),
      )
      redlock.off('error', listener)
      return seen > 0
    },
    after: async () => {
      const seen: string[] = []
      subscribe('holdfast:locks', (message) => seen.push((message as LockEvent).type))
      const held = await locks.acquire('stock', { leaseMs: 30_000, maxHoldMs: 30_000 })
      await locks.acquire('stock', { waitMs: 0 }).catch(() => undefined)
      await held.release()
      return seen.includes('gaveUp')
    },
  },
  // #endregion
})
