import type { Storage } from '@holdfast/core/storage'
import { Redis } from 'ioredis'
import { type HangfireLocks, createHangfireLocks } from '../../src/index.ts'
import type { HangfireContext } from '../../src/storage/context.ts'
import { type ClientName, connect } from '../locks/node-peer.ts'
import { openContext } from '../transitions/open-context.ts'

export interface WorkerStorage {
  readonly context: HangfireContext
  readonly locks: HangfireLocks
  /** Of its executions, in the same Redis. */
  readonly storage: Storage
  /** To be a witness with. */
  readonly redis: Redis
  end(): Promise<void>
}

/** What a process has of Redis. */
export async function openWorkerStorage({
  client,
  url,
  prefix,
}: {
  readonly client: ClientName
  readonly url: string
  readonly prefix: string
}): Promise<WorkerStorage> {
  const open = await openContext(client, url, { prefix, mode: 'own', callTimeoutMs: 10_000 })
  const own = await connect(client, url)
  const locks = createHangfireLocks(own.client, { prefix })
  const redis = new Redis(url)
  redis.on('error', () => {})
  const { storage, close } = await openStorage(client, url)
  return {
    context: open.context,
    locks,
    storage,
    redis,
    async end() {
      await locks.close()
      own.end()
      await open[Symbol.asyncDispose]()
      close()
      redis.disconnect()
    },
  }
}

/** A storage of Holdfast in Redis, which processes share. */
export async function openStorage(
  client: ClientName,
  url: string,
): Promise<{ readonly storage: Storage; close(): void }> {
  if (client === 'ioredis') {
    const { ioredisStorage } = await import('@holdfast/redis-ioredis')
    const redis = new Redis(url)
    redis.on('error', () => {})
    return { storage: ioredisStorage(redis), close: () => redis.disconnect() }
  }
  const [{ createClient }, { nodeRedisStorage }] = await Promise.all([
    import('redis'),
    import('@holdfast/redis-node'),
  ])
  const redis = createClient({ url })
  redis.on('error', () => {})
  await redis.connect()
  return { storage: nodeRedisStorage(redis), close: () => redis.destroy() }
}
