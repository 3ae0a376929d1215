// #region koa
import type { IncomingMessage } from 'node:http'
import { type IdempotentOptions, idempotent } from '@holdfast/http'
import type { Context, Middleware } from 'koa'

type KoaRequest = IncomingMessage & { body?: unknown; context?: Context }

type Options = Omit<IdempotentOptions<KoaRequest>, 'scope'> & {
  route: string
  scope: (ctx: Context) => string
}

/** A handler of Koa, as the last middleware of a route. A replay is written at once, and Koa writes nothing more. */
export function koaIdempotent(
  { scope, ...options }: Options,
  handler: (ctx: Context) => unknown,
): Middleware & { drained(): Promise<void> } {
  const handle = idempotent(
    { ...options, scope: ({ context }: KoaRequest) => scope(context as Context) },
    ({ context }: KoaRequest) => handler(context as Context),
  )
  const middleware: Middleware = async (ctx) => {
    // What the parser has read is what two requests are compared by.
    Object.assign(ctx.req, { context: ctx, body: ctx.request.body })
    const failures: unknown[] = []
    await handle(ctx.req, ctx.res, (error) => failures.push(error))
    if (failures.length > 0) throw failures[0]
    // The handler's own `ctx.body` is written by Koa when all middleware has ended, and recorded then.
    if (ctx.res.headersSent) ctx.respond = false
  }
  return Object.assign(middleware, { drained: () => handle.drained() })
}
// #endregion
