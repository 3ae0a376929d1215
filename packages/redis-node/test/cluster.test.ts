import { aclRules } from '@holdfast/redis-protocol'
import { redisKit } from '@holdfast/redis-protocol/testing'
import { RedisCluster } from '@holdfast/test-support/servers'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { nodeRedisClient } from '../src/node-redis.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())
const rights = aclRules({ namespace: 'kit' })
for (const node of servers.nodes) await node.ask('ACL', 'SETUSER', 'kit', 'on', '>secret', ...rights)
const rootNodes = servers.seeds.map((socket) => ({ socket }))
const login = { username: 'kit', password: 'secret' }

describe('redis 6, a cluster', () => {
  redisKit(
    { describe, it, beforeAll, afterAll },
    async () => {
      const [client, admin] = [createCluster({ rootNodes, defaults: login }), createCluster({ rootNodes })]
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
