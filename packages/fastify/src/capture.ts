import { Readable } from 'node:stream'
import { type CapturedResponse, type HttpIdempotency, capturedBody, collectStream } from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'
import { STATE } from './request-state.ts'

/**
 * Records the handler's answer before it leaves, and lets our own leave exactly as they are. With a callback, for answers of
 * hooks: Fastify goes on to the handler when a hook has sent one, not returned the reply, and it has not left at once.
 */
export function capture(http: HttpIdempotency<FastifyRequest>): onSendHookHandler {
  return (request, reply, payload, pass) => {
    const { answer, handled, isHandlers = false, error } = request[STATE] ?? {}
    if (answer !== undefined) {
      // Hooks of the app came before this one; what they made of the body was made of the first answer, too.
      void reply.code(answer.status).headers(answer.headers)
      return pass(null, answer.body)
    }
    if (handled === undefined || handled.ended) return pass(null, payload)
    const report = (response: CapturedResponse): Promise<void> =>
      handled.answer({ ...response, error }, isHandlers)
    recorded(reply, payload, http, report).then((sent) => pass(null, sent), pass)
  }
}

/** What is sent, when it is recorded. */
async function recorded(
  reply: FastifyReply,
  payload: unknown,
  http: HttpIdempotency<FastifyRequest>,
  report: (response: CapturedResponse) => Promise<void>,
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
  await report({ status, headers: reply.getHeaders(), body: capturedBody(sent) })
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
