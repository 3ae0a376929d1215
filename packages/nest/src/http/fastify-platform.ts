import { AsyncLocalStorage } from 'node:async_hooks'
import { createReadStream } from 'node:fs'
import {
  type CaptureLimits,
  type HttpResponse,
  type IdempotentRequest,
  NODE_WRITERS,
  type NodeMessage,
  type NodeResponse,
  capturedPayload,
  comparableBody,
  messageHasBody,
  override,
  sent,
  silence,
} from '@holdfast/http'
import type { Platform } from './platform.ts'

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

    capture(handled, limits) {
      onSend.set(reply, captureOf(reply, handled, limits))
      const hijack = reply.hijack.bind(reply)
      const value = (): unknown => {
        handled.onHijack()
        return hijack()
      }
      override(reply, { hijack: { value, writable: true } })
    },
  }
}

function captureOf(reply: FastifyReply, handled: IdempotentRequest, limits: CaptureLimits): OnSend {
  const recorded = async (given: unknown): Promise<unknown> => {
    const { isHandlers } = handled
    // When its stream fails, Fastify sends an error instead, which then is the answer to record.
    const { body, payload } = await capturedPayload(given, reply, limits)
    onSend.delete(reply)
    closeAnswer(reply)
    await handled.onSend({ status: reply.statusCode, headers: reply.getHeaders(), body }, isHandlers)
    return payload
  }
  return (given, pass) => {
    recorded(given)
      .then((payload) => pass(null, payload), pass)
      // It cannot be sent: a header of other than Latin characters, say. Fastify throws that at the code that gave the answer.
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
