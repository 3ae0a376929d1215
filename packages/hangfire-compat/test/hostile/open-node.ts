import type { RedisClient } from '@holdfast/redis-protocol'
import { clientLink } from '../../src/storage/client-link.ts'
import { type HangfireContext, createContext } from '../../src/storage/context.ts'
import { connect } from '../locks/node-peer.ts'

export interface OpenNode extends AsyncDisposable {
  readonly context: HangfireContext
}

/** What a Node process has, over a client of which the test decides when it sends what. Level 180 with simple names. */
export async function openNode(
  url: string,
  prefix: string,
  over: (client: RedisClient) => RedisClient = (client) => client,
  { callTimeoutMs = 60_000, childStateWaitMs = 60_000 } = {},
): Promise<OpenNode> {
  const { client, end } = await connect('ioredis', url)
  const link = clientLink(client)
  const context = createContext(over(client), link, {
    mode: 'shared',
    prefix,
    dialect: { dates: 'ms', typeNames: 'simple' },
    callTimeoutMs,
    childStateWaitMs,
  })
  return {
    context,
    async [Symbol.asyncDispose]() {
      context.close()
      await link.close()
      end()
    },
  }
}
