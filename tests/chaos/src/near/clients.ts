import type { RedisClient } from '@holdfast/redis-protocol'
import { ioredisClient } from '@holdfast/redis-ioredis'
import { nodeRedisClient } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'

const RECONNECT_MS = 30

async function overNodeRedis(create: typeof createClient, port: number): Promise<RedisClient> {
  const client = create({ socket: { host: '127.0.0.1', port, reconnectStrategy: RECONNECT_MS } })
  client.on('error', () => {})
  await client.connect()
  return nodeRedisClient(client)
}

function overIoredis(Client: typeof Redis, port: number): RedisClient {
  const client = new Client(port, '127.0.0.1', { retryStrategy: () => RECONNECT_MS })
  client.on('error', () => {})
  return ioredisClient(client)
}

/** Every client, once. */
export const clients: Readonly<Record<string, (port: number) => Promise<RedisClient>>> = {
  'ioredis 6': async (port) => overIoredis(Redis, port),
  'ioredis 5': async (port) => overIoredis(Redis5 as unknown as typeof Redis, port),
  'redis 6': async (port) => await overNodeRedis(createClient, port),
  'redis 5': async (port) => await overNodeRedis(createClient5 as unknown as typeof createClient, port),
}
