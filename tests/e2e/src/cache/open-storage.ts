import type { Storage } from '@holdfast/core'
import type * as Ioredis from 'ioredis'
import type * as NodeRedis from 'redis'

export const everyClient = ['ioredis 6', 'ioredis 5', 'redis 6', 'redis 5'] as const
export type ClientVersion = (typeof everyClient)[number]

/** One server, or the nodes of a cluster to start from. */
export type Place =
  | { readonly url: string }
  | { readonly seeds: readonly { readonly host: string; readonly port: number }[] }

export interface OpenStorage extends AsyncDisposable {
  readonly storage: Storage
}

/** A storage on a client that is not shared with anything else. Loads no other client: many processes do this at once. */
export async function openStorage(client: ClientVersion, place: Place): Promise<OpenStorage> {
  return client.startsWith('ioredis') ? overIoredis(client, place) : overNodeRedis(client, place)
}

async function overIoredis(version: ClientVersion, place: Place): Promise<OpenStorage> {
  const { ioredisStorage } = await import('@holdfast/redis-ioredis')
  // What we use of both versions has the same types.
  const library = version === 'ioredis 6' ? await import('ioredis') : await import('ioredis5')
  const { Redis, Cluster } = library as unknown as typeof Ioredis
  const client = 'url' in place ? new Redis(place.url) : new Cluster([...place.seeds])
  // The calls that need the connection report what goes wrong with it.
  client.on('error', () => {})
  const storage = ioredisStorage(client)
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close()
      client.disconnect()
    },
  }
}

async function overNodeRedis(version: ClientVersion, place: Place): Promise<OpenStorage> {
  const { nodeRedisStorage } = await import('@holdfast/redis-node')
  const client = await nodeRedisClient(version, place)
  client.on('error', () => {})
  const storage = nodeRedisStorage(client)
  // A server that is not there yet is one that comes later.
  const connected = client.connect().catch(() => {})
  await Promise.race([connected, new Promise((resolve) => setTimeout(resolve, 1_000))])
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close()
      client.destroy()
    },
  }
}

async function nodeRedisClient(version: ClientVersion, place: Place) {
  const library = version === 'redis 6' ? await import('redis') : await import('redis5')
  const { createClient, createCluster } = library as unknown as typeof NodeRedis
  return 'url' in place
    ? createClient({ url: place.url })
    : createCluster({ rootNodes: place.seeds.map((socket) => ({ socket })) })
}
