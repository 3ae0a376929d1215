import { type RedisClient, aclRules } from '@holdfast/redis-protocol'
import { redisKit } from '@holdfast/redis-protocol/testing'
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { afterAll, beforeAll, describe, it } from 'vitest'

/**
 * Runs the kit over clients of one version, as a user with no more rights than documented, on a separate server,
 * because the kit exhausts its memory.
 */
export async function kitOver<C extends { disconnect(): void }>(
  version: string,
  connect: (url: string) => C,
  adapt: (client: C) => RedisClient,
): Promise<void> {
  const server = await startRedis()
  afterAll(async () => await server.stop())
  await ask(server, 'ACL', 'SETUSER', 'kit', 'on', '>secret', ...aclRules({ namespace: 'kit' }))
  const asUser = server.url.replace('//', '//kit:secret@')
  describe(version, () => {
    // #region kit
    redisKit(
      { describe, it, beforeAll, afterAll },
      async () => {
        const [client, admin] = [connect(asUser), connect(server.url)]
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
