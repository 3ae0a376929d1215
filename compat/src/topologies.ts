import type { RedisServerBinary } from '@holdfast/testbed/redis'
import { RedisCluster, RedisNode, SentinelGroup } from '@holdfast/testbed/servers'
import type { ClientVersion } from './clients.ts'

export const topologies = ['single', 'sentinel', 'cluster'] as const

export type Topology = (typeof topologies)[number]

/** Where a client starts, as it is told on the command line of a cell. */
export interface Endpoint {
  readonly topology: Topology
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** How the sentinels call the primary. */
  readonly primaryName?: string
}

export interface RunningTopology {
  readonly endpoint: Endpoint
  stop(): Promise<void>
}

export async function startTopology(topology: Topology, binary: RedisServerBinary): Promise<RunningTopology> {
  switch (topology) {
    case 'single': {
      const node = await RedisNode.start({ binary })
      const nodes = [{ host: '127.0.0.1', port: node.port }]
      return { endpoint: { topology, nodes }, stop: async () => await node.stop() }
    }
    case 'sentinel': {
      const group = await SentinelGroup.start({ binary })
      const endpoint = { topology, nodes: group.sentinels, primaryName: group.name }
      return { endpoint, stop: async () => await group.stop() }
    }
    case 'cluster': {
      const cluster = await RedisCluster.start({ binary })
      return { endpoint: { topology, nodes: cluster.seeds }, stop: async () => await cluster.stop() }
    }
  }
}

/** Why a client is not supported on a topology; undefined when it is. */
export function unsupported(client: ClientVersion, topology: Topology): string | undefined {
  const { library, major, installed } = client
  if (library === 'redis' && major === 5 && topology === 'cluster') {
    return 'redis 5 does not find the new master after a failover; a cluster needs redis 6'
  }
  if (installed === 'redis6-oldest' && topology === 'cluster') {
    return 'a cluster of redis does not say whether it is ready before 6.2'
  }
  return undefined
}
