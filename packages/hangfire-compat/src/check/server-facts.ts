import type { RedisClient } from '@holdfast/redis-protocol'

/** What Redis says of itself; undefined where it does not. */
export interface RedisFacts {
  readonly version?: string
  /** Numbers of the databases that have keys. */
  readonly databases: readonly number[]
  /** Which keys it deletes when its memory is full; undefined when it deletes none, or has no limit. */
  readonly evicts?: string
}

/** @param info the answer of `INFO` */
export function factsIn(info: string): RedisFacts {
  const lines = new Map(
    Array.from(info.matchAll(/^(\w+):(.*?)\r?$/gm), ([, name = '', text = '']) => [name, text]),
  )
  const [version, policy] = [lines.get('redis_version'), lines.get('maxmemory_policy')]
  const databases = [...lines.keys()].flatMap((name) => /^db(\d+)$/.exec(name)?.[1] ?? []).map(Number)
  const evicts = policy === 'noeviction' || lines.get('maxmemory') === '0' ? undefined : policy
  return {
    ...(version === undefined ? {} : { version }),
    databases,
    ...(evicts === undefined ? {} : { evicts }),
  }
}

/** The text of `INFO`, of one master of a cluster. */
export async function readInfo(client: RedisClient): Promise<string> {
  const [master] = client.cluster === undefined ? [client] : await client.cluster.masters()
  return String(await (master ?? client).send(['INFO']))
}
