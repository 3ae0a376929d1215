import type { Storage } from '@holdfast/core'

export const clients = ['ioredis', 'redis'] as const
export type ClientName = (typeof clients)[number]

export interface Connected extends AsyncDisposable {
  readonly storage: Storage
}

/** A storage that is closed before its client ends. */
export function connected(storage: Storage, endClient: () => unknown): Connected {
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close()
      endClient()
    },
  }
}

/** A storage on its own client, as an app would make it. Loads that client only: fifty processes do this at once. */
export async function connect(client: ClientName, url: string): Promise<Connected> {
  return client === 'ioredis' ? connectIoredis(url) : connectNodeRedis(url)
}

async function connectIoredis(url: string): Promise<Connected> {
  const [{ Redis }, { ioredisStorage }] = await Promise.all([
    import('ioredis'),
    import('@holdfast/redis-ioredis'),
  ])
  const redis = new Redis(url)
  // The calls that need the connection report its errors.
  redis.on('error', () => {})
  return connected(ioredisStorage(redis), () => redis.disconnect())
}

async function connectNodeRedis(url: string): Promise<Connected> {
  const [{ createClient }, { nodeRedisStorage }] = await Promise.all([
    import('redis'),
    import('@holdfast/redis-node'),
  ])
  const redis = createClient({ url })
  redis.on('error', () => {})
  await redis.connect()
  return connected(nodeRedisStorage(redis), () => redis.destroy())
}
