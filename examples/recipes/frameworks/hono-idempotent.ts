// #region hono
import type { IncomingMessage } from 'node:http'
import { type IdempotentOptions, idempotent } from '@holdfast/http'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'

export interface NodeEnv {
  Bindings: HttpBindings
}
type HonoRequest = IncomingMessage & {
  body?: Buffer
  context?: Context<NodeEnv>
  answer?: Response
}

type Options = Omit<IdempotentOptions<HonoRequest>, 'scope'> & {
  route: string
  scope: (c: Context<NodeEnv>) => string
}

/** A handler of Hono on `@hono/node-server`. A replay is written to Node's response, which Hono then leaves alone. */
export function honoIdempotent(
  { scope, ...options }: Options,
  handler: (c: Context<NodeEnv>) => Response | Promise<Response>,
): ((c: Context<NodeEnv>) => Promise<Response>) & { drained(): Promise<void> } {
  const handle = idempotent(
    { ...options, scope: ({ context }: HonoRequest) => scope(context as Context<NodeEnv>) },
    async (request: HonoRequest) => {
      request.answer = await handler(request.context as Context<NodeEnv>)
    },
  )
  const route = async (c: Context<NodeEnv>): Promise<Response> => {
    // Hono keeps what was read, so the handler may read it again.
    const body = Buffer.from(await c.req.arrayBuffer())
    const request: HonoRequest = Object.assign(c.env.incoming, { context: c, body })
    const failures: unknown[] = []
    await handle(request, c.env.outgoing, (error) => failures.push(error))
    if (failures.length > 0) throw failures[0]
    // The server writes the handler's answer, and it is recorded then.
    return request.answer ?? RESPONSE_ALREADY_SENT
  }
  return Object.assign(route, { drained: () => handle.drained() })
}
// #endregion
