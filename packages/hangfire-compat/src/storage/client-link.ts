import { type StorageLink, checkObject, endedWithLastUser, refuse } from '@holdfast/core/storage'
import { type RedisClient, serverTime } from '@holdfast/redis-protocol'

/** What several users of one client share. It is detached once, when `close` was called and its last user has let go. */
export function clientLink(client: RedisClient): StorageLink & { close(): Promise<void> } {
  return {
    connection: client.connection,
    time: () => serverTime(client),
    ...endedWithLastUser(() => client.detach()),
  }
}

/** @throws InvalidArgumentError for the client of a library, which has no `send` */
export function checkClient(client: RedisClient): RedisClient {
  if (typeof checkObject('client', client).send !== 'function')
    refuse('client', client, 'ioredisClient(redis) or nodeRedisClient(redis)')
  return client
}
