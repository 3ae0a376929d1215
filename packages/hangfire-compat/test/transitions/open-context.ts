import { clientLink } from '../../src/storage/client-link.ts'
import { type ContextOptions, type HangfireContext, createContext } from '../../src/storage/context.ts'
import { type ClientName, connect } from '../locks/node-peer.ts'

export interface OpenContext extends AsyncDisposable {
  readonly context: HangfireContext
}

/** A context as a Node process has it, on a separate client. Level 180 with simple names unless given. */
export async function openContext(
  name: ClientName,
  url: string,
  options: Partial<ContextOptions> & { readonly prefix: string },
): Promise<OpenContext> {
  const { client, end } = await connect(name, url)
  const link = clientLink(client)
  const context = createContext(client, link, {
    mode: 'shared',
    dialect: { dates: 'ms', typeNames: 'simple' },
    callTimeoutMs: 60_000,
    ...options,
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
