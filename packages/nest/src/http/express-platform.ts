import { createReadStream } from 'node:fs'
import {
  type HttpHandledRequest,
  type HttpResponse,
  type NodeMessage,
  comparableBody,
  messageHasBody,
} from '@holdfast/core/http'
import { captureNodeResponse } from './capture-node-response.ts'
import { type NodeResponse, NODE_WRITERS, type Platform, sent, silence } from './platform.ts'

/** The part of Express 4's and 5's request that is used here. */
export interface ExpressRequest extends NodeMessage {
  readonly body?: unknown
  readonly method: string
  readonly originalUrl: string
  readonly baseUrl: string
  /** Whether somebody has read the body. */
  readonly readableEnded: boolean
  readonly params?: unknown
  readonly route?: { readonly path: string | RegExp }
}

const EXPRESS_WRITERS = ['send', 'json', 'jsonp', 'sendStatus', 'sendFile', 'download', 'render', 'redirect']

export function expressPlatform(request: ExpressRequest, response: NodeResponse): Platform {
  return {
    request,
    response,
    raw: response,

    async facts() {
      const { method, originalUrl: url, baseUrl, headers, params, route } = request
      return {
        method,
        route: `${baseUrl}${route?.path ?? ''}`,
        params,
        url,
        headers,
        hasBody: messageHasBody(request),
        body: await parsedBody(request),
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
      await this.ignoreOthers()
    },

    isAnswered: () => response.headersSent || response.writableEnded,

    async ignoreOthers() {
      await sent(response)
      silence(response, [...EXPRESS_WRITERS, ...NODE_WRITERS], response)
    },

    capture(handled: HttpHandledRequest, limits, failure) {
      captureNodeResponse(response, handled, limits, failure)
    },

    // Express' response is Node's: nothing tells whose answer went around it.
    wasHijackedBy: () => false,
  }
}

/** Express 4 has an empty object as the body of requests without one, and of those that no parser has read. */
async function parsedBody(request: ExpressRequest): Promise<unknown> {
  if (!messageHasBody(request)) return undefined
  const body = await comparableBody(request, createReadStream)
  const isEmpty = typeof body === 'object' && body !== null && Object.keys(body).length === 0
  return isEmpty && !request.readableEnded ? undefined : body
}
