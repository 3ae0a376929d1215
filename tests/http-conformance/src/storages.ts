import type { Storage } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

export interface OpenStorage {
  readonly storage: Storage
  /** Closes the client, which Holdfast leaves to the code that created it. */
  end(): Promise<void>
}

/** Redis through each client library. */
export const redisStorages = {
  async ioredis(url: string): Promise<OpenStorage> {
    const client = new Redis(url, { retryStrategy: () => 50 })
    client.on('error', () => undefined)
    return { storage: ioredisStorage(client), end: async () => client.disconnect() }
  },
  async redis(url: string): Promise<OpenStorage> {
    const client = createClient({ url, socket: { reconnectStrategy: 50 } })
    client.on('error', () => undefined)
    await client.connect()
    return { storage: nodeRedisStorage(client), end: async () => client.destroy() }
  },
} as const

export type RedisStorageName = keyof typeof redisStorages
