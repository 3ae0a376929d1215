import type * as NodeRedis from 'redis'
import { nodeRedisClient } from '@holdfast/redis-node'
import { type Connecting, type Connection, RECONNECT_MS } from './connection.ts'

/** Connects with node-redis. */
export async function withNodeRedis(
  { createClient, createCluster, createSentinel }: typeof NodeRedis,
  { target, isCluster, timeoutMs, reconnect, tls }: Connecting,
): Promise<Connection> {
  const { servers, path, sentinel, username, password, database } = target
  let connected = false
  const again = (): number | false => (connected && reconnect ? RECONNECT_MS : false)
  const limits = { connectTimeout: timeoutMs, reconnectStrategy: again } as const
  const secure = tls === undefined ? {} : ({ tls: true, ...tls } as const)
  const socket = { ...secure, ...limits }
  const login = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  }
  if (sentinel !== undefined) {
    const { name, ...sentinelLogin } = sentinel
    const redis = createSentinel({
      name,
      sentinelRootNodes: [...servers],
      nodeClientOptions: { ...login, database, socket },
      sentinelClientOptions: { ...sentinelLogin, socket },
      scanInterval: 500,
    })
    redis.on('error', () => {})
    await redis.connect()
    connected = true
    return { client: nodeRedisClient(redis), end: () => void redis.destroy() }
  }
  if (isCluster) {
    const redis = createCluster({
      rootNodes: servers.map((server) => ({ socket: { ...server, ...socket } })),
      defaults: { ...login, socket },
    })
    redis.on('error', () => {})
    await redis.connect()
    connected = true
    return { client: nodeRedisClient(redis), end: () => redis.destroy() }
  }
  const redis = createClient({
    ...login,
    database,
    socket: path === undefined ? { ...servers[0], ...socket } : { path, ...limits },
  })
  redis.on('error', () => {})
  await redis.connect()
  connected = true
  return { client: nodeRedisClient(redis), end: () => redis.destroy() }
}
