import { redisKit } from '@holdfast/redis-protocol/testing'
import { RedisCluster } from '@holdfast/testbed/servers'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { nodeRedisClient } from '../src/node-redis-client.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())

describe('redis 6, a cluster', () => {
  redisKit(
    { describe, it, beforeAll, afterAll },
    async () => {
      const client = createCluster({ rootNodes: servers.seeds.map((socket) => ({ socket })) })
      client.on('error', () => {})
      await client.connect()
      return { client: nodeRedisClient(client), close: async () => client.destroy() }
    },
    { promptPushes: false },
  )
})
