import type { CapturedResponse, HttpExchange, HttpResponse } from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A request that we answered ourselves: what is sent for it is not the handler's, and is not recorded. */
export interface Answered {
  readonly answer: HttpResponse
}

/** A request whose handler runs, and whose answer is to be recorded. */
export interface Handling {
  readonly exchange: HttpExchange
  /** What the handler threw. */
  error?: unknown
  /** Set while the handler's promise is pending. */
  running?: Promise<void> | undefined
  /** Whether an answer was handed to the framework: hooks will bring it to us, sooner or later. */
  sending: boolean
}

/** Of requests to idempotent routes only. */
export const states: WeakMap<FastifyRequest, Answered | Handling> = new WeakMap()

export function handlingOf(request: FastifyRequest): Handling | undefined {
  const state = states.get(request)
  return state !== undefined && 'exchange' in state ? state : undefined
}

export function handle(request: FastifyRequest, reply: FastifyReply, exchange: HttpExchange): void {
  const handling: Handling = { exchange, sending: false }
  states.set(request, handling)
  // Fastify does not tell whether an answer is on its way through asynchronous hooks.
  const send = reply.send.bind(reply)
  reply.send = function (payload) {
    handling.sending = true
    return send(payload)
  }
}

/** An answer that went around the hooks, known by its status alone. */
export function hijackedAnswer({ raw }: FastifyReply): CapturedResponse {
  return { status: raw.statusCode, headers: {}, body: { omitted: 'hijacked' } }
}
