import { Readable } from 'node:stream'
import {
  type HttpExchange,
  type HttpResponse,
  announcesBody,
  capturedBody,
  collectStream,
} from '@holdfast/core/http'
import {
  type CaptureLimits,
  NODE_WRITERS,
  type NodeResponse,
  type Platform,
  sent,
  silence,
} from './platform.ts'
import { type UploadingRequest, bodyWithFiles } from './uploads.ts'

/** The part of Fastify 4's and 5's request that is used here. */
export interface FastifyRequest extends UploadingRequest {
  readonly method: string
  readonly url: string
  readonly originalUrl?: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly params?: unknown
  readonly routeOptions?: { readonly url?: string | undefined }
  readonly raw: { readonly httpVersionMajor: number }
}

/** The part of Fastify's reply that is used here. */
export interface FastifyReply {
  readonly raw: NodeResponse
  readonly statusCode: number
  getHeaders(): Record<string, string | number | string[] | undefined>
  code(status: number): unknown
  header(name: string, value: unknown): unknown
  send(payload?: unknown): unknown
}

/** The part of Fastify's instance that is used here. */
export interface FastifyInstance {
  addHook(
    name: 'onSend',
    hook: (request: object, reply: FastifyReply, payload: unknown) => Promise<unknown>,
  ): unknown
}

type Capture = (payload: unknown) => Promise<unknown>

const captures = new WeakMap<FastifyReply, Capture>()
const hooked = new WeakSet<FastifyInstance>()

/**
 * Lets replies be seen on their way out: serialised, and before plugins such as @fastify/compress, which add their own
 * hooks to each route. Has to be called before the routes are registered.
 */
export function hookReplies(instance: FastifyInstance): void {
  if (hooked.has(instance)) return
  hooked.add(instance)
  instance.addHook('onSend', async (_request, reply, payload) => captures.get(reply)?.(payload) ?? payload)
}

export function fastifyPlatform(request: FastifyRequest, reply: FastifyReply): Platform {
  return {
    request,
    raw: reply.raw,

    async facts() {
      const { method, url, originalUrl = url, headers, params, routeOptions, raw } = request
      const hasBody = announcesBody(headers) || raw.httpVersionMajor > 1
      return {
        method,
        route: routeOptions?.url ?? url,
        params,
        url: originalUrl,
        headers,
        body: hasBody ? await bodyWithFiles(request) : undefined,
      }
    },

    setHeaders(headers) {
      for (const [name, value] of Object.entries(headers)) reply.header(name, value)
    },

    async answer({ status, headers, body }: HttpResponse) {
      reply.code(status)
      this.setHeaders(headers)
      reply.send(body ?? undefined)
      // Hooks may be at work until then, and they need the methods that are silenced.
      await sent(reply.raw)
      silence(reply, ['send', 'redirect', 'view', 'sendFile', 'download'], reply)
      silence(reply.raw, NODE_WRITERS, reply.raw)
    },

    capture(exchange: HttpExchange, limits, failure) {
      captures.set(reply, captureOf(reply, exchange, limits, failure))
    },
  }
}

function captureOf(
  reply: FastifyReply,
  exchange: HttpExchange,
  { streams, maxResponseBytes }: CaptureLimits,
  failure: () => unknown,
): Capture {
  return async (payload) => {
    // When the stream fails, Fastify sends an error instead, which then is the answer to record.
    const collected =
      streams === 'buffer' && isReadable(payload) ? await collectStream(payload, maxResponseBytes) : undefined
    captures.delete(reply)
    const { statusCode: status } = reply
    const body = collected?.fits ? collected.bytes : capturedBody(payload)
    await exchange.complete({ status, headers: reply.getHeaders(), body, error: failure() })
    if (collected === undefined) return payload
    return collected.fits ? collected.bytes : Readable.from(collected.stream)
  }
}

function isReadable(payload: unknown): payload is AsyncIterable<Uint8Array> {
  return (
    typeof payload === 'object' && payload !== null && Symbol.asyncIterator in payload && 'pipe' in payload
  )
}
