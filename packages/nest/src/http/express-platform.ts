import { type HttpExchange, type HttpResponse, announcesBody } from '@holdfast/core/http'
import { captureNodeResponse } from './capture-node-response.ts'
import { type NodeResponse, NODE_WRITERS, type Platform, sent, silence } from './platform.ts'
import { type UploadingRequest, bodyWithFiles } from './uploads.ts'

/** The part of Express 4's and 5's request that is used here. */
export interface ExpressRequest extends UploadingRequest {
  readonly method: string
  readonly originalUrl: string
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly httpVersionMajor: number
  readonly params?: unknown
  readonly route?: { readonly path: unknown }
}

const EXPRESS_WRITERS = ['send', 'json', 'jsonp', 'sendStatus', 'sendFile', 'download', 'render', 'redirect']

export function expressPlatform(request: ExpressRequest, response: NodeResponse): Platform {
  return {
    request,
    raw: response,

    async facts() {
      const { method, originalUrl: url, baseUrl, headers, params, route, httpVersionMajor } = request
      // Express 4's parsers make an empty object of no body at all.
      const hasBody = announcesBody(headers) || httpVersionMajor > 1
      return {
        method,
        route: `${baseUrl}${String(route?.path ?? '')}`,
        params,
        url,
        headers,
        body: hasBody ? await bodyWithFiles(request) : undefined,
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
        response.setHeader('content-length', `${body.length}`)
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
