import { redisKit } from '@holdfast/redis-protocol/testing'
import { startRedis } from '@holdfast/testbed/redis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { ioredisClient } from '../src/ioredis-client.ts'
import type { IoredisSingle } from '../src/index.ts'

/** Runs the kit over clients of one version, on a server of its own, because the kit exhausts its memory. */
export async function kitOver(
  version: string,
  connect: (url: string) => IoredisSingle & { disconnect(): void },
): Promise<void> {
  const server = await startRedis()
  afterAll(async () => await server.stop())
  const configure = async (client: IoredisSingle, maxmemory: string): Promise<void> => {
    await client.call('CONFIG', ['SET', 'maxmemory', maxmemory])
  }
  describe(version, () => {
    redisKit(
      { describe, it, beforeAll, afterAll },
      async () => {
        const client = connect(server.url)
        return {
          client: ioredisClient(client),
          async exhaustMemory() {
            await configure(client, '1')
            return async () => await configure(client, '0')
          },
          close: async () => client.disconnect(),
        }
      },
      { outOfMemory: true },
    )
  })
}
