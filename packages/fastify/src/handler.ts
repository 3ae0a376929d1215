import { type HttpDecision, createHandledRequest } from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { type RequestState, watchReply } from './request-state.ts'

export type Decide = (
  request: FastifyRequest,
  reply: FastifyReply,
  isAnswered: () => boolean,
) => Promise<HttpDecision>

/**
 * The route's handler, behind the decision whether it is to be called: a hook would come before those that later
 * plugins add, and a replay would be sent to whom they refuse.
 */
export function decidedHandler(handler: RouteHandlerMethod, decide: Decide): RouteHandlerMethod {
  return function (request, reply) {
    const state = watchReply(request, reply)
    const isAnswered = (): boolean => state.isSending || reply.sent || reply.raw.headersSent
    const call = (): unknown => handler.call(this, request, reply)
    return new Promise((resolve, reject) => {
      // Fastify sends what it resolves with. It stays pending where Fastify would not have been given a value, either:
      // the handler answers by itself, or something else has answered.
      const settle = (result: unknown): void => {
        if (!answersLater(reply, result)) resolve(result)
      }
      const proceed = (decision: HttpDecision): void => {
        switch (decision.action) {
          case 'late':
            return
          case 'answer':
            state.answer = decision.response
            return resolve(decision.response.body ?? undefined)
          case 'bypass':
            void reply.headers(decision.headers)
            return settle(call())
          case 'proceed': {
            const { exchange } = decision
            const handled = createHandledRequest(exchange)
            state.handled = handled
            request.idempotency = { key: exchange.key, execution: exchange.execution }
            void reply.headers(exchange.headers)
            reply.raw.once('close', () => endUnseen(state, reply))
            const result = handled.call(call, (returned) => answersLater(reply, returned))
            if (result instanceof Promise) recordUnsent(state, reply, result)
            return settle(result)
          }
        }
      }
      decide(request, reply, isAnswered).then(proceed).catch(reject)
    })
  }
}

/** As Fastify takes what a handler returns: with nothing, or the reply itself, the answer comes by `send`. */
function answersLater(reply: FastifyReply, result: unknown): boolean {
  return result === undefined || result === reply
}

/** Fastify sends nothing for a handler that resolves with `undefined` once the client is gone. */
function recordUnsent(state: RequestState, reply: FastifyReply, result: Promise<unknown>): void {
  result.then(
    (value) => {
      if (value !== undefined || state.isSending || reply.sent || !isGone(reply)) return
      const { statusCode: status } = reply
      void state.handled?.answer({ status, headers: reply.getHeaders(), body: null }, true)
    },
    () => undefined,
  )
}

/**
 * The response is over. An answer that no hook has told of went around them (`hijack`, `reply.raw`, Fastify's last
 * resort when an error handler fails): it was not seen, so it cannot be replayed.
 */
export function endUnseen({ handled, isSending, isHandlers }: RequestState, reply: FastifyReply): void {
  if (handled === undefined) return
  const { raw } = reply
  const wasSent = raw.writableEnded
  // Given by hand, and the client did not wait for all of it.
  const wasLeft = raw.destroyed && reply.sent && !isSending
  if (!handled.answered && (wasSent || wasLeft)) {
    const response = { status: raw.statusCode, headers: {}, body: { omitted: 'hijacked' } } as const
    void handled.answer(response, isHandlers)
  }
  handled.closed()
}

/** As Fastify asks before it sends what an async handler returned. */
function isGone({ request: { raw } }: FastifyReply): boolean {
  return raw.aborted || raw.socket.destroyed
}
