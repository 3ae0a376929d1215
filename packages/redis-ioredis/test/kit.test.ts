import { storageKit } from '@holdfast/core/testing'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

const runner = { describe, it, beforeAll, afterAll }

for (const [version, Client] of [
  ['6', Redis],
  ['5', Redis5],
] as const) {
  describe(`ioredis ${version}`, () => {
    storageKit(
      runner,
      async () => {
        const client = new Client(process.env['REDIS_URL'] ?? '')
        const storage = ioredisStorage(client)
        return {
          storage,
          async exhaustMemory() {
            await client.config('SET', 'maxmemory', '1')
            return async () => {
              await client.config('SET', 'maxmemory', '0')
            }
          },
          async close() {
            await storage.close()
            client.disconnect()
          },
        }
      },
      { outOfMemory: true },
    )
  })
}
