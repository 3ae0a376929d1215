import { HoldfastError } from '@holdfast/core'
import type { StorageClient, StorageLink } from '@holdfast/core/storage'
import { type RedisClient, asStorageError, sendSafely } from '@holdfast/redis-protocol'

/**
 * The client with Holdfast's deadline on every command, whatever its library does: nothing is sent while there is no connection,
 * and what was in flight when it broke is sent again. Errors that the server answered stay as they are.
 */
export function timedClient(client: RedisClient, calls: StorageClient<StorageLink>): RedisClient {
  return {
    ...client,
    async send(args, key) {
      const { reply } = await calls.call(() =>
        sendSafely(client, args, key).catch((error: unknown) => {
          const known = asStorageError(error, args[0])
          throw HoldfastError.isInstance(known) && known.code === 'STORAGE_UNAVAILABLE' ? known : error
        }),
      )
      return reply
    },
  }
}
