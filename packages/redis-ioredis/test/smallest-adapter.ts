import { HoldfastError } from '@holdfast/core'
import { type RedisClient, connectionOf, deliver, openDedicated } from '@holdfast/redis-protocol'
import type { Redis } from 'ioredis'

// #region adapter
/** Makes an ioredis client of one server serve the port. Its `ioredisStorage` is `redisStorage(smallestAdapter(client))`. */
export function smallestAdapter(client: Redis): RedisClient {
  return {
    // `connection`, which follows the client's state at these events, and `detach`.
    ...connectionOf(client, ['ready', 'close', 'end'], {
      isReady: () => client.status === 'ready',
      problem: () =>
        client.status === 'end' ? new HoldfastError('CLIENT_CLOSED', 'It has ended.') : undefined,
    }),
    send: ([name, ...args]) => client.call(name, args),
    sendForBytes: ([name, ...args]) => client.callBuffer(name, args),
    async openConnection(events) {
      const own = client.duplicate({
        lazyConnect: true,
        enableOfflineQueue: false,
        autoResubscribe: false,
        protocol: 2,
        retryStrategy: () => null, // a lost one is not restored: the protocol opens another
      })
      own.on('error', () => {}) // 'end' follows
      own.on('connect', () => own.stream.unref()) // it does not keep the process alive
      own.on('messageBuffer', (channel, payload) => deliver(events, channel, payload))
      return await openDedicated(own, events, {
        onLost: (lost) => own.on('end', lost),
        send: ([name, ...args]) => own.call(name, args),
      })
    },
  }
}
// #endregion
