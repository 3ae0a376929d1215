import { Readable } from 'node:stream'
import {
  type CapturedBody,
  type HttpIdempotency,
  type HttpResponse,
  capturedBody,
  collectStream,
} from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest, onSendAsyncHookHandler } from 'fastify'
import { type Handling, states } from './request-state.ts'

/** Hands our own answer to the framework. */
export function sendAnswer(reply: FastifyReply, { body }: HttpResponse): FastifyReply {
  return reply.send(body ?? undefined)
}

/** Records the handler's answer before it leaves, and lets our own leave exactly as they are. */
export function capture(http: HttpIdempotency<FastifyRequest>): onSendAsyncHookHandler {
  return async (request, reply, payload) => {
    const state = states.get(request)
    if (state === undefined) return payload
    if ('answer' in state) {
      // Hooks of the app came before this one; what they made of the body was made of the first answer, too.
      const { status, headers, body } = state.answer
      void reply.code(status).headers(headers)
      return body
    }
    if (state.exchange.ended) return payload
    if (isHandlerTimeout(state)) {
      completeLater(state, reply)
      return payload
    }
    return record(state, reply, payload, http)
  }
}

async function record(
  { exchange, error }: Handling,
  reply: FastifyReply,
  payload: unknown,
  http: HttpIdempotency<FastifyRequest>,
): Promise<unknown> {
  if (isResponse(payload)) {
    // Fastify would take these over from the Response after us.
    void reply.code(payload.status).headers(Object.fromEntries(payload.headers))
    payload = payload.body ?? undefined
  }
  let body: CapturedBody = capturedBody(payload)
  if (http.streams === 'buffer' && isByteStream(payload)) {
    const collected = await collectStream(payload, http.maxResponseBytes)
    payload = collected.fits ? collected.bytes : Readable.from(collected.stream)
    body = capturedBody(payload)
  }
  await exchange.complete({ status: reply.statusCode, headers: reply.getHeaders(), body, error })
  return payload
}

/** Fastify gave up on a handler that is still at work: its key is taken until it has really ended. */
function completeLater(handling: Handling, reply: FastifyReply): void {
  const { exchange, error, running } = handling
  const response = { status: reply.statusCode, headers: reply.getHeaders(), body: null, error }
  void running?.then(() => exchange.complete(response))
}

function isHandlerTimeout({ error, running }: Handling): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return running !== undefined && code === 'FST_ERR_HANDLER_TIMEOUT'
}

function isByteStream(payload: unknown): payload is AsyncIterable<Uint8Array | string> {
  return typeof payload === 'object' && payload !== null && Symbol.asyncIterator in payload
}

function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === '[object Response]'
}
