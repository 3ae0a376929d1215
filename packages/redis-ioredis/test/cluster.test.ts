import { kitUsers, redisKit } from '@holdfast/redis-protocol/testing'
import { RedisCluster } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { ioredisClient } from '../src/ioredis.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())
for (const node of servers.nodes) {
  for (const [user, rules] of Object.entries(kitUsers))
    await node.ask('ACL', 'SETUSER', user, 'on', '>secret', ...rules)
}
const loginOf = (username: string) => ({ username, password: 'secret' })

describe('ioredis 6, a cluster', () => {
  redisKit(
    { describe, it, beforeAll, afterAll },
    async (user = 'kit') => {
      const client = new Cluster([...servers.seeds], { redisOptions: loginOf(user) })
      // A node whose connection was killed is found again by commands through the cluster, which nothing sends here.
      const admin = new Cluster([...servers.seeds], { slotsRefreshInterval: 200 })
      return {
        client: ioredisClient(client),
        admin: ioredisClient(admin),
        async close() {
          client.disconnect()
          admin.disconnect()
        },
      }
    },
    { countsListeners: false, promptPushes: false },
  )
})
