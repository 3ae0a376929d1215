import type { RedisServerBinary } from '@holdfast/test-support/redis'
import { RedisCluster, RedisNode, SentinelGroup } from '@holdfast/test-support/servers'
import type { ClientVersion } from './clients.ts'

export const topologies = ['single', 'sentinel', 'cluster'] as const

export type Topology = (typeof topologies)[number]

/** Where a client starts, as the command line of a cell says. */
export interface Endpoint {
  readonly topology: Topology
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** How the sentinels call the primary. */
  readonly primaryName?: string
}

export interface RunningTopology {
  readonly endpoint: Endpoint
  [Symbol.asyncDispose](): Promise<void>
}

export async function startTopology(topology: Topology, binary: RedisServerBinary): Promise<RunningTopology> {
  switch (topology) {
    case 'single': {
      const node = await RedisNode.start({ binary })
      const nodes = [{ host: '127.0.0.1', port: node.port }]
      return { endpoint: { topology, nodes }, [Symbol.asyncDispose]: async () => await node.stop() }
    }
    case 'sentinel': {
      // The kit is about one primary: a busy machine, or what the kit does to connections, must not make another.
      const group = await SentinelGroup.start({ binary })
      const endpoint = { topology, nodes: group.sentinels, primaryName: group.name }
      return { endpoint, [Symbol.asyncDispose]: async () => await group.stop() }
    }
    case 'cluster': {
      const cluster = await RedisCluster.start({ binary })
      return {
        endpoint: { topology, nodes: cluster.seeds },
        [Symbol.asyncDispose]: async () => await cluster.stop(),
      }
    }
  }
}

/** Why a client is not supported on a topology; undefined when it is. */
export function unsupported({ name, library, major }: ClientVersion, topology: Topology): string | undefined {
  if (library !== 'redis' || topology !== 'cluster') return undefined
  if (major === 5) return 'clusters of redis 5 never recover from the loss of a master; refused'
  if (name === 'redis 6.0.0') return 'clusters of redis before 6.2 do not say whether they are ready; refused'
  return undefined
}
