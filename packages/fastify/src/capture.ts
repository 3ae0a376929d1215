import { Readable } from 'node:stream'
import { type HttpIdempotency, type HttpResponse, capturedBody, collectStream } from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest, onSendAsyncHookHandler } from 'fastify'
import { type Handling, STATE } from './request-state.ts'

/** Hands our own answer to the framework. */
export function sendAnswer(reply: FastifyReply, { body }: HttpResponse): FastifyReply {
  return reply.send(body ?? undefined)
}

/** Records the handler's answer before it leaves, and lets our own leave exactly as they are. */
export function capture(http: HttpIdempotency<FastifyRequest>): onSendAsyncHookHandler {
  return async (request, reply, payload) => {
    const state = request[STATE]
    if (state === null) return payload
    if ('answer' in state) {
      // Hooks of the app came before this one; what they made of the body was made of the first answer, too.
      const { status, headers, body } = state.answer
      void reply.code(status).headers(headers)
      return body
    }
    const { exchange } = state
    if (exchange.ended) return payload
    if (!state.begun) {
      await exchange.release()
      return payload
    }
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
  let sent = payload
  if (http.streams === 'buffer') {
    if (isResponse(sent)) sent = unwrapped(sent, reply)
    if (isByteStream(sent)) {
      const collected = await collectStream(sent, http.maxResponseBytes)
      sent = collected.fits ? collected.bytes : Readable.from(collected.stream)
    }
  }
  const status = isResponse(sent) ? sent.status : reply.statusCode
  await exchange.complete({ status, headers: reply.getHeaders(), body: capturedBody(sent), error })
  return sent
}

/** Fastify gave up on a handler that is still at work: its key is taken until it has really ended. */
function completeLater(handling: Handling, reply: FastifyReply): void {
  const { exchange, error, running } = handling
  handling.outlived = true
  const response = { status: reply.statusCode, headers: reply.getHeaders(), body: null, error }
  void running?.then(() => exchange.complete(response))
}

function isHandlerTimeout({ error, running }: Handling): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return running !== undefined && code === 'FST_ERR_HANDLER_TIMEOUT'
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
