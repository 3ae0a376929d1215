import type * as IORedis from 'ioredis'
import { ioredisClient } from '@holdfast/redis-ioredis'
import { type Connecting, type Connection, RECONNECT_MS } from './connection.ts'

/** Connects with ioredis. Rejects with what it said last. */
export async function withIoredis(
  { Cluster, Redis }: Pick<typeof IORedis, 'Cluster' | 'Redis'>,
  { target, isCluster, timeoutMs, reconnect, tls }: Connecting,
): Promise<Connection> {
  const { servers, path, sentinel, username, password, database } = target
  let connected = false
  const again = (): number | null => (connected && reconnect ? RECONNECT_MS : null)
  const common = {
    lazyConnect: true,
    enableReadyCheck: false, // it asks INFO, for which a right may be missing
    connectTimeout: timeoutMs,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: { ...tls } }),
  }
  const where =
    path !== undefined
      ? { path }
      : sentinel !== undefined
        ? {
            sentinels: [...servers],
            name: sentinel.name,
            ...(sentinel.username === undefined ? {} : { sentinelUsername: sentinel.username }),
            ...(sentinel.password === undefined ? {} : { sentinelPassword: sentinel.password }),
            ...(tls === undefined ? {} : { sentinelTLS: { ...tls }, enableTLSForSentinelMode: true }),
            sentinelRetryStrategy: again,
          }
        : { ...servers[0] }
  const redis = isCluster
    ? new Cluster([...servers], { redisOptions: common, lazyConnect: true, clusterRetryStrategy: again })
    : new Redis({ ...common, ...where, db: database, retryStrategy: again })
  let reason: unknown
  redis.on('error', (error) => (reason = error))
  await redis.connect().catch((error: unknown) => {
    throw reason ?? error
  })
  connected = true
  return { client: ioredisClient(redis), end: () => redis.disconnect() }
}
