import type { FastifyReply, RouteHandlerMethod } from 'fastify'
import { type Handling, handlingOf } from './request-state.ts'

/**
 * The route's handler, and an eye on its end: an answer that no hook tells of must still end the execution. There are
 * two: one that went around the hooks (`hijack`, `reply.raw`, Fastify's last resort when an error handler fails), and
 * none at all, because Fastify sends nothing for a handler that returns `undefined` once the client is gone.
 */
export function followed(handler: RouteHandlerMethod): RouteHandlerMethod {
  return function (request, reply) {
    const handling = handlingOf(request)
    if (handling === undefined) return handler.call(this, request, reply)
    handling.begun = true
    const result: unknown = handler.call(this, request, reply)
    follow(handling, reply, result)
    return result
  }
}

function follow(handling: Handling, reply: FastifyReply, result: unknown): void {
  reply.raw.once('close', () => endUnseen(handling, reply))
  if (!(result instanceof Promise)) return
  handling.running = result.then(
    (value) => {
      handling.running = undefined
      if (value === undefined && !handling.sending && !reply.sent && isGone(reply)) {
        const { statusCode: status } = reply
        void handling.exchange.complete({ status, headers: reply.getHeaders(), body: null })
      } else {
        endUnseen(handling, reply)
      }
    },
    () => {
      handling.running = undefined
    },
  )
}

/** Records an answer that went around the hooks, once it is over: it was not seen, so it cannot be replayed. */
export function endUnseen({ exchange, sending, outlived }: Handling, reply: FastifyReply): void {
  const { raw } = reply
  if (exchange.ended || outlived) return
  const wasSent = raw.writableEnded
  // Given by hand, and the client did not wait for all of it.
  const wasLeft = raw.destroyed && reply.sent && !sending
  if (wasSent || wasLeft) {
    void exchange.complete({ status: raw.statusCode, headers: {}, body: { omitted: 'hijacked' } })
  }
}

/** As Fastify asks before it sends what an async handler returned. */
function isGone({ request: { raw } }: FastifyReply): boolean {
  return raw.aborted || raw.socket.destroyed
}
