import { type Storage, memoryStorage } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis as Redis6 } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { createClient as createClient6 } from 'redis'
import { createClient as createClient5 } from 'redis5'

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'

/** The line that differs. An app has one of them; this one chooses by name, to show that the rest does not care. */
export const storages = {
  memory: async () => memoryStorage(),
  ioredis5: async () => ioredisStorage(new Redis5(url)),
  ioredis6: async () => ioredisStorage(new Redis6(url)),
  redis5: async () => nodeRedisStorage(await createClient5({ url }).on('error', console.error).connect()),
  redis6: async () => nodeRedisStorage(await createClient6({ url }).on('error', console.error).connect()),
} as const satisfies Readonly<Record<string, () => Promise<Storage>>>

export type StorageName = keyof typeof storages
