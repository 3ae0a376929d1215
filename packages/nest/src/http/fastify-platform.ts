import { AsyncLocalStorage } from 'node:async_hooks'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import {
  type HttpHandledRequest,
  type HttpResponse,
  type NodeMessage,
  capturedBody,
  collectStream,
  comparableBody,
  messageHasBody,
} from '@holdfast/core/http'
import {
  type CaptureLimits,
  NODE_WRITERS,
  type NodeResponse,
  type Platform,
  override,
  sent,
  silence,
} from './platform.ts'

/** The part of Fastify 4's and 5's request that is used here. */
export interface FastifyRequest {
  readonly body?: unknown
  /** Where upload plugins that imitate multer put files. */
  readonly file?: unknown
  readonly files?: unknown
  readonly method: string
  readonly url: string
  readonly originalUrl?: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly params?: unknown
  readonly routeOptions?: { readonly url?: string | undefined }
  readonly raw: NodeMessage
}

/** The part of Fastify's reply that is used here. */
export interface FastifyReply {
  readonly raw: NodeResponse
  readonly statusCode: number
  getHeaders(): Record<string, string | number | string[] | undefined>
  code(status: number): unknown
  header(name: string, value: unknown): unknown
  send(payload?: unknown): unknown
  hijack(): unknown
  /** Whether it is, or was hijacked. */
  readonly sent: boolean
}

/** The part of Fastify's instance that is used here. */
export interface FastifyInstance {
  addHook(
    name: 'onSend' | 'onError',
    hook: (request: object, reply: FastifyReply, payload: unknown, done: Done) => void,
  ): unknown
}

type Done = (error?: unknown, payload?: unknown) => void

/** Gets the payload, and hands on what is sent. */
type OnSend = (payload: unknown, done: Done) => void

const onSend = new WeakMap<FastifyReply, OnSend>()
/** Of replies that have their answer. */
const reopenings = new WeakMap<FastifyReply, () => void>()
/** With an answer on its way, of a hook, say, which came before the handler's turn. */
const leaving = new WeakSet<FastifyReply>()
/** Of what we send ourselves. */
const sends = new AsyncLocalStorage<FastifyReply>()
const hooked = new WeakSet<FastifyInstance>()

/**
 * Lets replies be seen on their way out: serialised, and before plugins such as @fastify/compress, which add their own
 * hooks to each route. Has to be called before the routes are registered.
 */
export function hookReplies(instance: FastifyInstance): void {
  if (hooked.has(instance)) return
  hooked.add(instance)
  // With `done`, for answers that are none of ours: Fastify goes on to the handler when a hook has sent one, not returned
  // the reply, and it has not left at once.
  instance.addHook('onSend', (_request, reply, payload, done) => {
    const handle = onSend.get(reply)
    if (handle !== undefined) return handle(payload, done)
    leaving.add(reply)
    done(null, payload)
  })
  // A hook behind ours failed: Fastify has to answer that.
  instance.addHook('onError', (_request, reply, _error, done) => {
    reopenings.get(reply)?.()
    done()
  })
}

export function fastifyPlatform(request: FastifyRequest, reply: FastifyReply): Platform {
  let isSending = leaving.has(reply)
  const hijackers = new WeakSet<HttpHandledRequest>()
  // Until it is known who may answer.
  onSend.set(reply, (payload, done) => {
    isSending = true
    done(null, payload)
  })
  return {
    request,
    response: reply,
    raw: reply.raw,

    async facts() {
      const { method, url, originalUrl = url, headers, params, routeOptions, raw } = request
      const hasBody = messageHasBody(raw)
      return {
        method,
        route: routeOptions?.url ?? url,
        params,
        url: originalUrl,
        headers,
        hasBody,
        body: hasBody ? await comparableBody(request, createReadStream) : undefined,
      }
    },

    setHeaders(headers) {
      for (const [name, value] of Object.entries(headers)) reply.header(name, value)
    },

    async answer({ status, headers, body }: HttpResponse) {
      let hasPassed = false
      onSend.set(reply, (payload, done) => {
        // A refusal that was on its way before: of two answers, the first to come here is the answer.
        if (hasPassed) return
        hasPassed = true
        if (sends.getStore() !== reply && (payload !== body || !body)) return done(null, payload)
        // Behind the app's own hooks: what they made of the body, they made of the first answer, too.
        reply.code(status)
        this.setHeaders(headers)
        done(null, body)
      })
      reopenings.set(reply, () => {
        onSend.delete(reply)
        reply.code(500)
      })
      sends.run(reply, () => reply.send(body ?? undefined))
      await this.ignoreOthers()
    },

    isAnswered: () => isSending || reply.sent || reply.raw.headersSent,

    async ignoreOthers() {
      // Hooks may be at work until then, and they need the methods that are silenced.
      await sent(reply.raw)
      silence(reply, ['send', 'redirect', 'view', 'sendFile', 'download'], reply)
      silence(reply.raw, NODE_WRITERS, reply.raw)
    },

    capture(handled: HttpHandledRequest, limits, failure) {
      onSend.set(reply, captureOf(reply, handled, limits, failure))
      const hijack = reply.hijack.bind(reply)
      const value = (): unknown => {
        if (handled.isHandlers) hijackers.add(handled)
        return hijack()
      }
      override(reply, { hijack: { value, writable: true } })
    },

    wasHijackedBy: (handled) => hijackers.has(handled),
  }
}

function captureOf(
  reply: FastifyReply,
  handled: HttpHandledRequest,
  { streams, maxResponseBytes }: CaptureLimits,
  failure: () => unknown,
): OnSend {
  const recorded = async (given: unknown): Promise<unknown> => {
    const { isHandlers } = handled
    const payload = isResponse(given) ? bodyOf(given, reply) : given
    // When the stream fails, Fastify sends an error instead, which then is the answer to record.
    const collected =
      streams === 'buffer' && isReadable(payload) ? await collectStream(payload, maxResponseBytes) : undefined
    onSend.delete(reply)
    closeAnswer(reply)
    const { statusCode: status } = reply
    const body = collected?.fits ? collected.bytes : capturedBody(payload)
    await handled.answer({ status, headers: reply.getHeaders(), body, error: failure() }, isHandlers)
    if (collected === undefined) return payload
    return collected.fits ? collected.bytes : Readable.from(collected.stream)
  }
  return (given, pass) => {
    recorded(given)
      .then((payload) => pass(null, payload), pass)
      // It cannot be sent: a header of other than Latin characters, say. Fastify throws that at whoever gave the answer.
      .catch((thrown: unknown) => {
        reopenings.get(reply)?.()
        reply.send(thrown)
      })
  }
}

/**
 * From here on there is an answer: a second one, of an exception filter, or Fastify's own when the client has hung up
 * while the first is being recorded, is ignored. The second of two that write their head would end the process.
 */
function closeAnswer(reply: FastifyReply): void {
  const ignore = { value: () => reply, writable: true }
  reopenings.set(reply, override(reply, { send: ignore, code: ignore, status: ignore }))
}

/** Fastify would take status and headers over from the `Response` when we have looked. */
function bodyOf(response: Response, reply: FastifyReply): unknown {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  return response.body ?? undefined
}

function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === '[object Response]'
}

function isReadable(payload: unknown): payload is AsyncIterable<Uint8Array> {
  return typeof payload === 'object' && payload !== null && Symbol.asyncIterator in payload
}
