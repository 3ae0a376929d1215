import { kitUsers, redisKit } from '@holdfast/redis-protocol/testing'
import { RedisCluster } from '@holdfast/test-support/servers'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { nodeRedisClient } from '../src/node-redis.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())
for (const node of servers.nodes) {
  for (const [user, rules] of Object.entries(kitUsers))
    await node.ask('ACL', 'SETUSER', user, 'on', '>secret', ...rules)
}
const rootNodes = servers.seeds.map((socket) => ({ socket }))
const loginOf = (username: string) => ({ username, password: 'secret' })

describe('redis 6, a cluster', () => {
  redisKit(
    { describe, it, beforeAll, afterAll },
    async (user = 'kit') => {
      const client = createCluster({ rootNodes, defaults: loginOf(user) })
      const admin = createCluster({ rootNodes })
      for (const each of [client, admin]) {
        each.on('error', () => {})
        await each.connect()
      }
      return {
        client: nodeRedisClient(client),
        admin: nodeRedisClient(admin),
        async close() {
          client.destroy()
          admin.destroy()
        },
      }
    },
    { promptPushes: false },
  )
})
