import type { HttpHandledRequest, HttpResponse } from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Of a request whose handler's turn has come. */
export interface RequestState {
  /** Whether an answer was handed to the framework: hooks bring it to us, sooner or later. Fastify does not tell. */
  isSending: boolean
  /** Whether the handler gave it, or hijacked the response. */
  isHandlers: boolean
  /** What the answer is made of, when it is made of an error. */
  error?: unknown
  /** Our own answer: it is not the handler's, and is not recorded. */
  answer?: HttpResponse
  /** Set when the handler runs, and its answer is to be recorded. */
  handled?: HttpHandledRequest
}

/** Where a request carries its state; null until then, and where its route is not idempotent. */
export const STATE: unique symbol = Symbol('holdfast')

declare module 'fastify' {
  interface FastifyRequest {
    /** @internal */
    [STATE]: RequestState | null
  }
}

/**
 * Watches what is sent from now on. The first answer is the answer: Fastify would let a second one through while hooks
 * are at work on the first, and end the process when both write their head.
 */
export function watchReply(request: FastifyRequest, reply: FastifyReply): RequestState {
  const state: RequestState = { isSending: false, isHandlers: false }
  request[STATE] = state
  const send = reply.send.bind(reply)
  const hijack = reply.hijack.bind(reply)
  reply.send = (payload) => {
    if (state.isSending) {
      reply.log.warn(
        'An answer is on its way already, this one is ignored: did you forget to return the reply?',
      )
      return reply
    }
    state.isSending = true
    state.isHandlers = state.handled?.isHandlers ?? false
    try {
      return send(payload)
    } catch (error) {
      state.isSending = false
      throw error
    }
  }
  reply.hijack = () => {
    state.isHandlers = state.handled?.isHandlers ?? false
    return hijack()
  }
  return state
}
