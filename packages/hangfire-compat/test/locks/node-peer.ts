import type { RedisClient } from '@holdfast/redis-protocol'
import { type HangfireLocks, type HangfireLocksOptions, createHangfireLocks } from '../../src/index.ts'

export const clients = ['ioredis', 'redis'] as const
export type ClientName = (typeof clients)[number]

export interface Connected {
  readonly client: RedisClient
  end(): void
}

/** Loads that client only: processes are started that need no other. */
export async function connect(name: ClientName, url: string): Promise<Connected> {
  if (name === 'ioredis') {
    const [{ Redis }, { ioredisClient }] = await Promise.all([
      import('ioredis'),
      import('@holdfast/redis-ioredis'),
    ])
    const redis = new Redis(url)
    redis.on('error', () => {})
    return { client: ioredisClient(redis), end: () => redis.disconnect() }
  }
  const [{ createClient }, { nodeRedisClient }] = await Promise.all([
    import('redis'),
    import('@holdfast/redis-node'),
  ])
  const redis = createClient({ url })
  redis.on('error', () => {})
  await redis.connect()
  return { client: nodeRedisClient(redis), end: () => redis.destroy() }
}

export interface OpenLocks extends AsyncDisposable {
  readonly locks: HangfireLocks
  readonly client: RedisClient
}

/** Locks as a Node process has them, on a separate client. */
export async function openLocks(
  name: ClientName,
  url: string,
  options?: HangfireLocksOptions,
): Promise<OpenLocks> {
  const { client, end } = await connect(name, url)
  const locks = createHangfireLocks(client, { callTimeoutMs: 60_000, ...options })
  return {
    locks,
    client,
    async [Symbol.asyncDispose]() {
      await locks.close()
      end()
    },
  }
}
