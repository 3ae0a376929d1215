import { StorageUnavailableError } from '@holdfast/core'
import type { RedisClient } from '@holdfast/redis-protocol'

/** A Redis that stands still would hold the program for ever. */
export function withDeadline(client: RedisClient, timeoutMs: number): RedisClient {
  const { cluster } = client
  const timed = {
    ...client,
    send: ((command, key) => within(timeoutMs, command[0], client.send(command, key))) as RedisClient['send'],
    sendForBytes: ((command, key) =>
      within(timeoutMs, command[0], client.sendForBytes(command, key))) as RedisClient['send'],
  }
  if (cluster === undefined) return timed
  return {
    ...timed,
    cluster: {
      ...cluster,
      masters: async () =>
        (await cluster.masters()).map(({ name, send }) => ({
          name,
          send: (command) => within(timeoutMs, command[0], send(command)),
        })),
    },
  }
}

export function within<T>(timeoutMs: number, what: string, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const message = `Redis did not answer ${what} within ${timeoutMs} ms.`
    const late = (): void => reject(new StorageUnavailableError(message, { maybeApplied: true }))
    const timer = setTimeout(late, timeoutMs)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
