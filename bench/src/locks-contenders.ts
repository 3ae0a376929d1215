/** The lock libraries that `locks.ts` measures, behind one small interface, and the raw commands that all are held against. */
import { type Locks, createLocks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

export interface LockContender {
  /** Waits for the lock; gives what releases it. */
  acquire(key: string): Promise<() => Promise<unknown>>
  close(): Promise<void>
  /** Ours only. */
  readonly locks?: Locks
}

const LEASE_MS = 30_000
/** Compare and delete: what every one of the peers releases with. */
const DELETE_MINE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end`

/** Peers that come without types for `import`, or with those of other client versions, are taken by what is used of them. */
const load = async <T>(name: string): Promise<T> => (await import(name)) as T

const connectNodeRedis = (url: string) =>
  createClient({ url })
    .on('error', (error) => console.error(error))
    .connect()

export const lockContenders: Readonly<Record<string, (url: string) => Promise<LockContender>>> = {
  async 'raw ioredis'(url) {
    const redis = new Redis(url)
    const sha = String(await redis.script('LOAD', DELETE_MINE))
    let tokens = 0
    return {
      async acquire(key) {
        const token = `${process.pid}-${(tokens += 1)}`
        if ((await redis.set(key, token, 'PX', LEASE_MS, 'NX')) === null)
          throw new Error('the raw lock is taken')
        return () => redis.evalsha(sha, 1, key, token)
      },
      close: async () => redis.disconnect(),
    }
  },
  async 'raw redis'(url) {
    const redis = await connectNodeRedis(url)
    const sha = await redis.scriptLoad(DELETE_MINE)
    let tokens = 0
    return {
      async acquire(key) {
        const token = `${process.pid}-${(tokens += 1)}`
        const expiration = { type: 'PX', value: LEASE_MS } as const
        if ((await redis.set(key, token, { expiration, condition: 'NX' })) === null)
          throw new Error('the raw lock is taken')
        return () => redis.evalSha(sha, { keys: [key], arguments: [token] })
      },
      close: async () => redis.destroy(),
    }
  },
  async 'holdfast ioredis'(url) {
    const redis = new Redis(url)
    const storage = ioredisStorage(redis)
    return ours(createLocks(storage, { leaseMs: LEASE_MS, waitMs: Infinity }), async () => {
      await storage.close()
      redis.disconnect()
    })
  },
  async 'holdfast redis'(url) {
    const redis = await connectNodeRedis(url)
    const storage = nodeRedisStorage(redis)
    return ours(createLocks(storage, { leaseMs: LEASE_MS, waitMs: Infinity }), async () => {
      await storage.close()
      redis.destroy()
    })
  },
  async redlock(url) {
    interface Redlock {
      acquire(keys: string[], ms: number): Promise<{ release(): Promise<unknown> }>
      on(event: 'error', listener: () => void): void
    }
    const { default: Redlock } = await load<{
      default: new (clients: unknown[], options: object) => Redlock
    }>('redlock')
    const redis = new Redis(url)
    const redlock = new Redlock([redis], { retryCount: -1 })
    redlock.on('error', () => {})
    return {
      async acquire(key) {
        const lock = await redlock.acquire([key], LEASE_MS)
        return () => lock.release()
      },
      close: async () => redis.disconnect(),
    }
  },
  async 'redis-semaphore'(url) {
    interface Mutex {
      acquire(): Promise<void>
      release(): Promise<void>
    }
    const { Mutex } = await load<{ Mutex: new (redis: unknown, key: string, options: object) => Mutex }>(
      'redis-semaphore',
    )
    const redis = new Redis(url)
    return {
      async acquire(key) {
        const mutex = new Mutex(redis, key, { lockTimeout: LEASE_MS, acquireTimeout: 600_000 })
        await mutex.acquire()
        return () => mutex.release()
      },
      close: async () => redis.disconnect(),
    }
  },
  async 'redlock-universal'(url) {
    interface Universal {
      readonly IoredisAdapter: new (redis: unknown) => object
      readonly createLock: (options: object) => {
        acquire(): Promise<unknown>
        release(handle: unknown): Promise<unknown>
      }
    }
    const { createLock, IoredisAdapter } = await load<Universal>('redlock-universal')
    const redis = new Redis(url)
    const adapter = new IoredisAdapter(redis)
    return {
      async acquire(key) {
        const lock = createLock({ adapter, key, ttl: LEASE_MS, retryAttempts: 100_000, performance: 'lean' })
        const handle = await lock.acquire()
        return () => lock.release(handle)
      },
      close: async () => redis.disconnect(),
    }
  },
  async verrou(url) {
    interface Verrou {
      createLock(key: string, ms: number): { acquire(): Promise<unknown>; release(): Promise<void> }
    }
    const { Verrou } = await load<{ readonly Verrou: new (options: object) => Verrou }>('@verrou/core')
    const { redisStore } = await load<{ readonly redisStore: (options: object) => object }>(
      '@verrou/core/drivers/redis',
    )
    const redis = new Redis(url)
    const verrou = new Verrou({
      default: 'redis',
      stores: { redis: { driver: redisStore({ connection: redis }) } },
    })
    return {
      async acquire(key) {
        const lock = verrou.createLock(key, LEASE_MS)
        await lock.acquire()
        return () => lock.release()
      },
      close: async () => redis.disconnect(),
    }
  },
  async 'simple-redis-mutex'(url) {
    const { lock } = await load<{
      readonly lock: (redis: unknown, key: string, options: object) => Promise<() => Promise<void>>
    }>('simple-redis-mutex')
    const redis = await connectNodeRedis(url)
    return {
      acquire: (key) => lock(redis, key, { timeout: LEASE_MS }),
      close: async () => redis.destroy(),
    }
  },
}

function ours(locks: Locks, close: () => Promise<void>): LockContender {
  return {
    async acquire(key) {
      const lease = await locks.acquire(key)
      return () => lease.release()
    },
    async close() {
      await locks.close()
      await close()
    },
    locks,
  }
}
