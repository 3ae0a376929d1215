import { redisKit } from '@holdfast/redis-protocol/testing'
import { startRedis } from '@holdfast/testbed/redis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { ioredisClient } from '../src/ioredis-client.ts'
import type { IoredisClient } from '../src/index.ts'

/** Runs the kit over clients of one version, on a server of its own, because the kit exhausts its memory. */
export async function kitOver(
  version: string,
  connect: (url: string) => IoredisClient & { disconnect(): void },
): Promise<void> {
  const server = await startRedis()
  afterAll(async () => await server.stop())
  describe(version, () => {
    // #region kit
    redisKit(
      { describe, it, beforeAll, afterAll },
      async () => {
        const client = connect(server.url)
        return { client: ioredisClient(client), close: async () => client.disconnect() }
      },
      { outOfMemory: true },
    )
    // #endregion
  })
}
