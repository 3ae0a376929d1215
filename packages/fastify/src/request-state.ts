import type { HttpExchange, HttpResponse } from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A request that we answered ourselves: what is sent for it is not the handler's, and is not recorded. */
export interface Answered {
  readonly answer: HttpResponse
}

/** A request whose handler runs, and whose answer is to be recorded. */
export interface Handling {
  readonly exchange: HttpExchange
  /** Whether the handler was called; a hook after ours may still have refused the request. */
  begun: boolean
  /** What the handler threw. */
  error?: unknown
  /** Set while the handler's promise is pending. */
  running?: Promise<void> | undefined
  /** Whether an answer was handed to the framework: hooks will bring it to us, sooner or later. */
  sending: boolean
  /** Fastify gave up on the handler, which still runs: its end ends the execution. */
  outlived: boolean
}

/** Where a request carries its state; null where its route is not idempotent. */
export const STATE: unique symbol = Symbol('holdfast')

declare module 'fastify' {
  interface FastifyRequest {
    /** @internal */
    [STATE]: Answered | Handling | null
  }
}

export function handlingOf(request: FastifyRequest): Handling | undefined {
  const state = request[STATE]
  return state !== null && 'exchange' in state ? state : undefined
}

export function handle(request: FastifyRequest, reply: FastifyReply, exchange: HttpExchange): void {
  const handling: Handling = { exchange, begun: false, sending: false, outlived: false }
  request[STATE] = handling
  // Fastify does not tell whether an answer is on its way through asynchronous hooks.
  const send = reply.send.bind(reply)
  reply.send = (payload) => {
    handling.sending = true
    return send(payload)
  }
}
