import type { Storage } from '@holdfast/core'
import type { Endpoint } from '../../topologies.ts'

export type Library = 'ioredis' | 'redis'

/** The storage of this version over the client of that name. */
export async function connect(library: Library, endpoint: Endpoint): Promise<Storage> {
  return library === 'ioredis' ? await overIoredis(endpoint) : await overNodeRedis(endpoint)
}

async function overIoredis({ topology, nodes }: Endpoint): Promise<Storage> {
  const { Cluster, Redis } = await import('ioredis')
  const { ioredisStorage } = await import('@holdfast/redis-ioredis')
  const client =
    topology === 'cluster' ? new Cluster([...nodes]) : new Redis(nodes[0]?.port ?? 0, '127.0.0.1')
  client.on('error', () => {})
  return ioredisStorage(client)
}

async function overNodeRedis({ topology, nodes }: Endpoint): Promise<Storage> {
  const { createClient, createCluster } = await import('redis')
  const { nodeRedisStorage } = await import('@holdfast/redis-node')
  const client =
    topology === 'cluster'
      ? createCluster({ rootNodes: nodes.map((socket) => ({ socket })) })
      : createClient({ socket: { host: '127.0.0.1', port: nodes[0]?.port ?? 0 } })
  client.on('error', () => {})
  await client.connect()
  return nodeRedisStorage(client)
}
