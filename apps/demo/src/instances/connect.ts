import type { Storage } from '@holdfast/core'
import type { RedisClient } from '@holdfast/redis-protocol'
import type { ClientName } from './messages.ts'

/** A storage and the client below it, which is ours to close. */
export interface ConnectedStorage {
  readonly storage: Storage
  close(): Promise<void>
}

/** A client of Redis, which is ours to close, for each of those who use it. */
export interface Connected {
  storage(): Storage
  client(): RedisClient
  close(): void
}

/** A server that accepts connections may still never answer. */
const CONNECT_MS = 5_000

/** At most so long between attempts to come back: a lease must not end because its owner waits for longer than the outage. */
const BACK_OFF_MS = 250
const backOff = (attempt: number): number => Math.min(attempt * 50, BACK_OFF_MS)

/** @throws Error when nothing answers at first */
export async function connectStorage(
  client: Exclude<ClientName, 'memory'>,
  url: string,
): Promise<ConnectedStorage> {
  const { storage, close } = await connectRedis(client, url)
  return { storage: storage(), close: async () => close() }
}

/**
 * Connects to Redis with the client library of this name; the other one is not even loaded.
 *
 * @param url of the server, or of several nodes of a cluster, with commas between them
 * @throws Error when nothing answers at first
 */
export async function connectRedis(client: Exclude<ClientName, 'memory'>, url: string): Promise<Connected> {
  const nodes = url.split(',')
  const isCluster = nodes.length > 1
  switch (client) {
    case 'ioredis': {
      const [{ Cluster, Redis }, { ioredisClient, ioredisStorage }] = await Promise.all([
        import('ioredis'),
        import('@holdfast/redis-ioredis'),
      ])
      const redis = isCluster
        ? new Cluster(nodes, { lazyConnect: true, clusterRetryStrategy: backOff, redisOptions: loginOf(url) })
        : new Redis(url, { lazyConnect: true, retryStrategy: backOff })
      await untilConnected(redis).catch((error: unknown) => {
        redis.disconnect()
        throw error
      })
      return {
        storage: () => ioredisStorage(redis),
        client: () => ioredisClient(redis),
        close: () => redis.disconnect(),
      }
    }
    case 'node-redis': {
      const [{ createClient, createCluster }, { nodeRedisClient, nodeRedisStorage }] = await Promise.all([
        import('redis'),
        import('@holdfast/redis-node'),
      ])
      const socket = { reconnectStrategy: backOff }
      const redis = isCluster
        ? createCluster({
            rootNodes: nodes.map((node) => ({ url: node })),
            defaults: { ...loginOf(url), socket },
          })
        : createClient({ url, socket })
      await untilConnected(redis).catch((error: unknown) => {
        redis.destroy()
        throw error
      })
      return {
        storage: () => nodeRedisStorage(redis),
        client: () => nodeRedisClient(redis),
        close: () => redis.destroy(),
      }
    }
  }
}

/** Of the first node: the user of all of them, also of those that the client finds by itself. */
function loginOf(url: string): { readonly username?: string; readonly password?: string } {
  const { username, password } = new URL(url.split(',')[0] ?? url)
  return password === ''
    ? {}
    : { username: decodeURIComponent(username), password: decodeURIComponent(password) }
}

/**
 * Rejects with the client's first error. Later ones are no news: the client reconnects, and meanwhile the calls say
 * that the storage is unavailable. Both clients want a listener in any case.
 */
function untilConnected(client: {
  on(event: 'error', listener: (error: Error) => void): unknown
  connect(): Promise<unknown>
}): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on('error', reject)
    const timer = setTimeout(reject, CONNECT_MS, new Error(`no answer within ${CONNECT_MS / 1_000} s`))
    client
      .connect()
      .then(() => resolve(), reject)
      .finally(() => clearTimeout(timer))
  })
}
