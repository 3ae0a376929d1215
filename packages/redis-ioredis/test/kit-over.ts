import type { RedisClient } from '@holdfast/redis-protocol'
import { kitUsers, redisKit } from '@holdfast/redis-protocol/testing'
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { afterAll, beforeAll, describe, it } from 'vitest'

/**
 * Runs the kit over clients of one version, as users with no more rights than documented, on a separate server,
 * because the kit exhausts its memory.
 */
export async function kitOver<C extends { disconnect(): void }>(
  version: string,
  connect: (url: string) => C,
  adapt: (client: C) => RedisClient,
): Promise<void> {
  const server = await startRedis()
  afterAll(async () => await server.stop())
  for (const [user, rules] of Object.entries(kitUsers))
    await ask(server, 'ACL', 'SETUSER', user, 'on', '>secret', ...rules)
  const urlOf = (user: string): string => server.url.replace('//', `//${user}:secret@`)
  describe(version, () => {
    // #region kit
    redisKit(
      { describe, it, beforeAll, afterAll },
      async (user = 'kit') => {
        const [client, admin] = [connect(urlOf(user)), connect(server.url)]
        return {
          client: adapt(client),
          admin: adapt(admin),
          async close() {
            client.disconnect()
            admin.disconnect()
          },
        }
      },
      { outOfMemory: true },
    )
    // #endregion
  })
}
