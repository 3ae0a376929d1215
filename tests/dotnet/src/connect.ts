import type { Storage } from '@holdfast/core'
import { ioredisClient, ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisClient, nodeRedisStorage } from '@holdfast/redis-node'
import type { RedisClient } from '@holdfast/redis-protocol'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

export interface Connected extends AsyncDisposable {
  /** For Hangfire's data. */
  readonly client: RedisClient
  /** For Holdfast's. */
  readonly storage: Storage
}

export async function connect(name: 'ioredis' | 'redis', url: string): Promise<Connected> {
  if (name === 'ioredis') {
    const redis = new Redis(url)
    redis.on('error', () => {}) // the calls that need the connection report it
    return {
      client: ioredisClient(redis),
      storage: ioredisStorage(redis),
      [Symbol.asyncDispose]: async () => redis.disconnect(),
    }
  }
  const redis = createClient({ url })
  redis.on('error', () => {})
  await redis.connect()
  return {
    client: nodeRedisClient(redis),
    storage: nodeRedisStorage(redis),
    [Symbol.asyncDispose]: async () => redis.destroy(),
  }
}
