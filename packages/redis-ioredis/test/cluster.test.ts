import { aclRules } from '@holdfast/redis-protocol'
import { redisKit } from '@holdfast/redis-protocol/testing'
import { RedisCluster } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { ioredisClient } from '../src/ioredis.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())
const rights = aclRules({ namespace: 'kit' })
for (const node of servers.nodes) await node.ask('ACL', 'SETUSER', 'kit', 'on', '>secret', ...rights)
const login = { username: 'kit', password: 'secret' }

describe('ioredis 6, a cluster', () => {
  redisKit(
    { describe, it, beforeAll, afterAll },
    async () => {
      const client = new Cluster([...servers.seeds], { redisOptions: login })
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
