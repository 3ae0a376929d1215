import { Readable } from 'node:stream'
import { type CapturedResponse, type HttpIdempotency, capturedBody, collectStream } from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'
import { STATE, answeredBefore, isWatched, reopen } from './request-state.ts'

/**
 * Records the handler's answer before it leaves, and lets our own leave exactly as they are. With a callback, for answers of
 * hooks: Fastify goes on to the handler when a hook has sent one, not returned the reply, and it has not left at once. Such
 * an answer is not replaced by ours; of two, the first to come here is the answer.
 */
export function capture(http: HttpIdempotency<FastifyRequest>): onSendHookHandler {
  return (request, reply, payload, pass) => {
    const state = request[STATE]
    if (state === null) {
      request[STATE] = answeredBefore()
      return pass(null, payload)
    }
    if (state.hasPassed) return
    state.hasPassed = true
    const { answer, handled, error } = state
    if (answer !== undefined && isWatched(state, payload, answer.body)) {
      // Hooks of the app came before this one; what they made of the body was made of the first answer, too.
      void reply.code(answer.status).headers(answer.headers)
      return pass(null, answer.body)
    }
    if (handled === undefined || handled.ended) return pass(null, payload)
    const isHandlers = state.isSending && state.isHandlers
    const report = (response: CapturedResponse): Promise<void> =>
      handled.answer({ ...response, error }, isHandlers)
    recorded(reply, payload, http, report)
      .then((sent) => pass(null, sent), pass)
      // It cannot be sent: a header of other than Latin characters, say. Fastify throws that at whoever gave the answer.
      .catch((thrown: unknown) => {
        reopen(state)
        reply.send(thrown)
      })
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
