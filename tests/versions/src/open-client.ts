import type { RedisUnderTest } from '@holdfast/redis-protocol/testing'
import type * as Ioredis from 'ioredis'
import type * as NodeRedis from 'redis'
// The kit wants the client below the storage, which the packages keep to themselves.
import { ioredisClient } from '../../../packages/redis-ioredis/src/ioredis.ts'
import { nodeRedisClient } from '../../../packages/redis-node/src/node-redis.ts'
import type { Endpoint } from './topologies.ts'

/** Every version is loaded under the name that it is installed by; what is used of them is the same in all. */
export async function openIoredis(installed: string, endpoint: Endpoint): Promise<RedisUnderTest> {
  // The first versions of 5 have the class as their default export, and not by its name.
  const { default: byDefault, ...byName } = (await import(installed)) as typeof Ioredis & {
    readonly default?: typeof Ioredis.Redis
  }
  const { Cluster, Redis = byDefault } = byName as Partial<typeof Ioredis>
  if (Redis === undefined || Cluster === undefined) throw new Error(`${installed} is no ioredis`)
  const { topology, nodes, primaryName = '' } = endpoint
  const connect = (): InstanceType<typeof Redis> | InstanceType<typeof Cluster> => {
    const client =
      topology === 'cluster'
        ? new Cluster([...nodes])
        : topology === 'sentinel'
          ? new Redis({ sentinels: [...nodes], name: primaryName })
          : new Redis(nodes[0]?.port ?? 0, '127.0.0.1')
    client.on('error', () => {})
    return client
  }
  // The kit kills the connections of the one from the other.
  const [client, admin] = [connect(), connect()]
  return {
    client: ioredisClient(client),
    admin: ioredisClient(admin),
    async close() {
      client.disconnect()
      admin.disconnect()
    },
  }
}

export async function openNodeRedis(installed: string, endpoint: Endpoint): Promise<RedisUnderTest> {
  const { createClient, createCluster, createSentinel } = (await import(installed)) as typeof NodeRedis
  const { topology, nodes, primaryName = '' } = endpoint
  const connect = async () => {
    const client =
      topology === 'cluster'
        ? createCluster({ rootNodes: nodes.map((socket) => ({ socket })) })
        : topology === 'sentinel'
          ? createSentinel({ name: primaryName, sentinelRootNodes: [...nodes], scanInterval: 500 })
          : createClient({ socket: { host: '127.0.0.1', port: nodes[0]?.port ?? 0 } })
    client.on('error', () => {})
    await client.connect()
    return client
  }
  const [client, admin] = await Promise.all([connect(), connect()])
  return {
    client: nodeRedisClient(client),
    admin: nodeRedisClient(admin),
    async close() {
      void client.destroy()
      void admin.destroy()
    },
  }
}
