import type { RedisClient } from './client.ts'

/**
 * The client, whose commands are answered with a promise whatever it does: what it throws rejects, and a thenable settles
 * once. Otherwise one that throws would leave behind it the promises of those that were sent just before, unhandled.
 */
export function orderly(client: RedisClient): RedisClient {
  return {
    ...client,
    send: (args, key) => promised(() => client.send(args, key)),
    async masters() {
      const nodes = await client.masters()
      return nodes.map(({ name, send }) => ({ name, send: (args) => promised(() => send(args)) }))
    },
  }
}

function promised(send: () => Promise<unknown>): Promise<unknown> {
  try {
    const reply = send()
    return reply instanceof Promise ? reply : Promise.resolve(reply)
  } catch (error) {
    return Promise.reject(error as Error)
  }
}
