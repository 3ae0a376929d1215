import type { Storage } from '@holdfast/core'
import type { ClientName } from './messages.ts'

/** A storage and the client below it, which is ours to close. */
export interface ConnectedStorage {
  readonly storage: Storage
  close(): Promise<void>
}

/** A server that accepts connections may still never answer. */
const CONNECT_MS = 5_000

/**
 * Connects to Redis with the client library of this name; the other one is not even loaded.
 *
 * @throws Error when nothing answers at first
 */
export async function connectStorage(
  client: Exclude<ClientName, 'memory'>,
  url: string,
): Promise<ConnectedStorage> {
  switch (client) {
    case 'ioredis': {
      const [{ Redis }, { ioredisStorage }] = await Promise.all([
        import('ioredis'),
        import('@holdfast/redis-ioredis'),
      ])
      const redis = new Redis(url, { lazyConnect: true })
      await untilConnected(redis).catch((error: unknown) => {
        redis.disconnect()
        throw error
      })
      return { storage: ioredisStorage(redis), close: async () => redis.disconnect() }
    }
    case 'node-redis': {
      const [{ createClient }, { nodeRedisStorage }] = await Promise.all([
        import('redis'),
        import('@holdfast/redis-node'),
      ])
      const redis = createClient({ url })
      await untilConnected(redis).catch((error: unknown) => {
        redis.destroy()
        throw error
      })
      return { storage: nodeRedisStorage(redis), close: async () => redis.destroy() }
    }
  }
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
