import { type Command, type RedisClient, mastersOf } from './client.ts'

/**
 * The client, which answers each command with a promise: what it throws rejects, and a thenable settles once. Otherwise a
 * client that throws would leave the promises of the commands sent just before unhandled.
 */
export function orderly(client: RedisClient): RedisClient {
  return {
    ...client,
    send: (args, key) => sendSafely(client, args, key),
    sendForBytes: (args, key) =>
      sendSafely({ send: (...command) => client.sendForBytes(...command) }, args, key),
    ...(client.cluster && {
      cluster: {
        ...client.cluster,
        async masters() {
          const nodes = await mastersOf(client)
          return nodes.map((node) => ({ name: node.name, send: (args) => sendSafely(node, args) }))
        },
      },
    }),
  }
}

/** Sends the command; what the client throws rejects. */
export function sendSafely(client: Pick<RedisClient, 'send'>, args: Command, key?: string): Promise<unknown> {
  try {
    const reply = client.send(args, key)
    return reply instanceof Promise ? reply : Promise.resolve(reply)
  } catch (error) {
    return Promise.reject(error as Error)
  }
}
