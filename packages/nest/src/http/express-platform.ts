import { type HttpExchange, type HttpResponse, announcesBody } from '@holdfast/core/http'
import { captureNodeResponse } from './capture-node-response.ts'
import { type NodeResponse, NODE_WRITERS, type Platform, sent, silence } from './platform.ts'
import { type UploadingRequest, plainBody } from './uploads.ts'

/** The part of Express 4's and 5's request that is used here. */
export interface ExpressRequest extends UploadingRequest {
  readonly method: string
  readonly originalUrl: string
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly httpVersionMajor: number
  /** Whether somebody has read the body. */
  readonly readableEnded: boolean
  readonly params?: unknown
  readonly route?: { readonly path: string | RegExp }
}

const EXPRESS_WRITERS = ['send', 'json', 'jsonp', 'sendStatus', 'sendFile', 'download', 'render', 'redirect']

export function expressPlatform(request: ExpressRequest, response: NodeResponse): Platform {
  return {
    request,
    raw: response,

    async facts() {
      const { method, originalUrl: url, baseUrl, headers, params, route } = request
      return {
        method,
        route: `${baseUrl}${route?.path ?? ''}`,
        params,
        url,
        headers,
        body: hasBody(request) ? await plainBody(request) : undefined,
      }
    },

    setHeaders(headers) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    },

    async answer({ status, headers, body }: HttpResponse) {
      response.statusCode = status
      this.setHeaders(headers)
      if (body === null) {
        response.end()
      } else {
        response.setHeader('content-length', `${Buffer.byteLength(body)}`)
        response.end(body)
      }
      await sent(response)
      silence(response, [...EXPRESS_WRITERS, ...NODE_WRITERS], response)
    },

    capture(exchange: HttpExchange, limits, failure) {
      captureNodeResponse(response, exchange, limits, failure)
    },
  }
}

/** Express 4 has an empty object as the body of requests without one, and of those that nobody has read. */
function hasBody({ body, headers, httpVersionMajor, readableEnded }: ExpressRequest): boolean {
  if (!announcesBody(headers) && httpVersionMajor === 1) return false
  const isEmpty = typeof body === 'object' && body !== null && Object.keys(body).length === 0
  return !isEmpty || readableEnded
}
