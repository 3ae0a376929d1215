import type * as Ioredis from 'ioredis'
import type * as NodeRedis from 'redis'
import { type Connected, connected } from '../connect.ts'

export const everyClient = ['ioredis 6', 'ioredis 5', 'redis 6', 'redis 5'] as const
/** Those that a cluster can be used with. */
export const everyClusterClient = ['ioredis 6', 'ioredis 5', 'redis 6'] as const
export type ClientVersion = (typeof everyClient)[number]

/** One server, or the nodes of a cluster to start from. */
export type Place =
  | { readonly url: string }
  | { readonly seeds: readonly { readonly host: string; readonly port: number }[] }

/** Of a user of the server. Default: the one that needs none. */
export interface Login {
  readonly username?: string
  readonly password?: string
}

/** A storage on a client that is not shared with anything else. Loads no other client: many processes do this at once. */
export async function openStorage(
  client: ClientVersion,
  place: Place,
  login: Login = {},
): Promise<Connected> {
  return client.startsWith('ioredis')
    ? overIoredis(client, place, login)
    : overNodeRedis(client, place, login)
}

async function overIoredis(version: ClientVersion, place: Place, login: Login): Promise<Connected> {
  const { ioredisStorage } = await import('@holdfast/redis-ioredis')
  // What we use of both versions has the same types.
  const library = version === 'ioredis 6' ? await import('ioredis') : await import('ioredis5')
  const { Redis, Cluster } = library as unknown as typeof Ioredis
  const client =
    'url' in place ? new Redis(place.url, login) : new Cluster([...place.seeds], { redisOptions: login })
  // The calls that need the connection report what goes wrong with it.
  client.on('error', () => {})
  return connected(ioredisStorage(client), () => client.disconnect())
}

async function overNodeRedis(version: ClientVersion, place: Place, login: Login): Promise<Connected> {
  const { nodeRedisStorage } = await import('@holdfast/redis-node')
  const client = await nodeRedisClient(version, place, login)
  client.on('error', () => {})
  const opened = connected(nodeRedisStorage(client), () => client.destroy())
  // A server that is not there yet is one that comes later.
  const connecting = client.connect().catch(() => {})
  await Promise.race([connecting, new Promise((resolve) => setTimeout(resolve, 1_000))])
  return opened
}

async function nodeRedisClient(version: ClientVersion, place: Place, login: Login) {
  const library = version === 'redis 6' ? await import('redis') : await import('redis5')
  const { createClient, createCluster } = library as unknown as typeof NodeRedis
  return 'url' in place
    ? createClient({ url: place.url, ...login })
    : createCluster({ rootNodes: place.seeds.map((socket) => ({ socket })), defaults: login })
}
