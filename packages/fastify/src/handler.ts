import type { FastifyReply, RouteHandlerMethod } from 'fastify'
import { type Handling, handlingOf, hijackedAnswer } from './request-state.ts'

/**
 * The route's handler, and an eye on its end: an answer that no hook tells of must still end the execution. There are
 * two: one that went around the framework (`hijack`, or `reply.raw`), and none at all, because Fastify sends nothing
 * for a handler that returns `undefined` once the client is gone.
 */
export function followed(handler: RouteHandlerMethod): RouteHandlerMethod {
  return function (request, reply) {
    const result: unknown = handler.call(this, request, reply)
    const handling = handlingOf(request)
    if (handling !== undefined) follow(handling, reply, result)
    return result
  }
}

function follow(handling: Handling, reply: FastifyReply, result: unknown): void {
  reply.raw.once('close', () => endHijacked(handling, reply))
  if (!isPromise(result)) return
  handling.running = result.then(
    (value) => {
      handling.running = undefined
      const isSilent = value === undefined && !handling.sending && !reply.sent && isGone(reply)
      if (isSilent) {
        const { statusCode: status } = reply
        void handling.exchange.complete({ status, headers: reply.getHeaders(), body: null })
      } else {
        endHijacked(handling, reply)
      }
    },
    () => {
      handling.running = undefined
    },
  )
}

/** Records an answer that went around the framework, once it is over. It cannot be seen, so it cannot be replayed. */
export function endHijacked({ exchange, sending }: Handling, reply: FastifyReply): void {
  const { raw } = reply
  if (sending || exchange.ended || !reply.sent || !(raw.writableEnded || raw.destroyed)) return
  void exchange.complete(hijackedAnswer(reply))
}

/** As Fastify asks before it sends what an async handler returned. */
function isGone({ request: { raw } }: FastifyReply): boolean {
  return raw.aborted || raw.socket.destroyed
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise
}
