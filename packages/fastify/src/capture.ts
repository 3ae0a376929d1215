import { Readable } from 'node:stream'
import {
  type HttpHandledRequest,
  type HttpIdempotency,
  capturedBody,
  collectStream,
} from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest, onSendAsyncHookHandler } from 'fastify'
import { type RequestState, STATE } from './request-state.ts'

/** Records the handler's answer before it leaves, and lets our own leave exactly as they are. */
export function capture(http: HttpIdempotency<FastifyRequest>): onSendAsyncHookHandler {
  return async (request, reply, payload) => {
    const state = request[STATE]
    if (state === null) return payload
    if (state.answer !== undefined) {
      // Hooks of the app came before this one; what they made of the body was made of the first answer, too.
      const { status, headers, body } = state.answer
      void reply.code(status).headers(headers)
      return body
    }
    const { handled } = state
    return handled === undefined || handled.ended ? payload : record(handled, state, reply, payload, http)
  }
}

async function record(
  handled: HttpHandledRequest,
  { isHandlers, error }: RequestState,
  reply: FastifyReply,
  payload: unknown,
  http: HttpIdempotency<FastifyRequest>,
): Promise<unknown> {
  let sent = payload
  if (http.streams === 'buffer') {
    if (isResponse(sent)) sent = unwrapped(sent, reply)
    if (isByteStream(sent)) {
      const collected = await collectStream(sent, http.maxResponseBytes)
      sent = collected.fits ? collected.bytes : Readable.from(collected.stream)
    }
  }
  const status = isResponse(sent) ? sent.status : reply.statusCode
  const response = { status, headers: reply.getHeaders(), body: capturedBody(sent), error }
  await handled.answer(response, isHandlers)
  return sent
}

/** The body of a `Response`; Fastify would take status and headers over only after us. */
function unwrapped(response: Response, reply: FastifyReply): ReadableStream<Uint8Array> | undefined {
  void reply.code(response.status)
  for (const [name, value] of response.headers) void reply.header(name, value)
  return response.body ?? undefined
}

function isByteStream(payload: unknown): payload is AsyncIterable<Uint8Array | string> {
  return typeof payload === 'object' && payload !== null && Symbol.asyncIterator in payload
}

function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === '[object Response]'
}
