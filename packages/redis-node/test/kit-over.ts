import { kitUsers, redisKit } from '@holdfast/redis-protocol/testing'
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { nodeRedisClient } from '../src/node-redis.ts'
import type { NodeRedisClient } from '../src/index.ts'

/**
 * Runs the kit over clients of one version, as users with no more rights than documented, on a separate server,
 * because the kit exhausts its memory.
 */
export async function kitOver(
  version: string,
  create: (url: string) => NodeRedisClient & { connect(): Promise<unknown>; destroy(): unknown },
): Promise<void> {
  const server = await startRedis()
  afterAll(async () => await server.stop())
  for (const [user, rules] of Object.entries(kitUsers))
    await ask(server, 'ACL', 'SETUSER', user, 'on', '>secret', ...rules)
  const urlOf = (user: string): string => server.url.replace('//', `//${user}:secret@`)
  describe(version, () => {
    redisKit(
      { describe, it, beforeAll, afterAll },
      async (user = 'kit') => {
        const [client, admin] = [create(urlOf(user)), create(server.url)]
        for (const each of [client, admin]) {
          each.on('error', () => {})
          await each.connect()
        }
        return {
          client: nodeRedisClient(client),
          admin: nodeRedisClient(admin),
          async close() {
            await client.destroy()
            await admin.destroy()
          },
        }
      },
      { outOfMemory: true },
    )
  })
}
