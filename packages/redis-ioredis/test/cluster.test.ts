import { redisKit } from '@holdfast/redis-protocol/testing'
import { RedisCluster } from '@holdfast/testbed/servers'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { ioredisClient } from '../src/ioredis-client.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())

describe('ioredis 6, a cluster', () => {
  redisKit(
    { describe, it, beforeAll, afterAll },
    async () => {
      const client = new Cluster([...servers.seeds])
      return { client: ioredisClient(client), close: async () => client.disconnect() }
    },
    { countsListeners: false, promptPushes: false },
  )
})
