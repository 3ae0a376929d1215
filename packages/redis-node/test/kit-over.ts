import { redisKit } from '@holdfast/redis-protocol/testing'
import { startRedis } from '@holdfast/testbed/redis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { nodeRedisClient } from '../src/node-redis-client.ts'
import type { NodeRedisClient } from '../src/index.ts'

/** Runs the kit over clients of one version, on a server of its own, because the kit exhausts its memory. */
export async function kitOver(
  version: string,
  create: (url: string) => NodeRedisClient & { connect(): Promise<unknown>; destroy(): unknown },
): Promise<void> {
  const server = await startRedis()
  afterAll(async () => await server.stop())
  describe(version, () => {
    redisKit(
      { describe, it, beforeAll, afterAll },
      async () => {
        const client = create(server.url)
        client.on('error', () => {})
        await client.connect()
        return {
          client: nodeRedisClient(client),
          async close() {
            await client.destroy()
          },
        }
      },
      { outOfMemory: true },
    )
  })
}
