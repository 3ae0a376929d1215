import { createReadStream } from 'node:fs'
import { InvalidArgumentError } from '@holdfast/core'
import { type ReceivedForm, comparableBody } from './form.ts'
import { type NodeMessage, messageHasBody } from './headers.ts'
import type { HttpRequestFacts } from './request.ts'

/** The part of Node's request that is used here, and what Express 4 and 5 and their parsers add to it. */
export interface NodeRequest extends NodeMessage, ReceivedForm {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly originalUrl?: string
  readonly baseUrl?: string
  /** Whether the body was read to its end. */
  readonly readableEnded: boolean
  readonly params?: unknown
  readonly route?: { readonly path?: unknown }
}

/** What the rules need of a request. `name` is the pattern of its route, where the framework knows none. */
export async function nodeRequestFacts(request: NodeRequest, name?: string): Promise<HttpRequestFacts> {
  const { method = '', url: ownUrl = '', originalUrl: url = ownUrl, baseUrl = '', headers, route } = request
  const [path = ''] = url.split(/[?#]/, 1)
  const pattern = route?.path
  const ofFramework =
    typeof pattern === 'string' || pattern instanceof RegExp ? `${baseUrl}${pattern}` : undefined
  const facts = {
    method,
    route: name ?? ofFramework ?? refuseNameless(),
    // Where there are no parameters the path itself says which resource is meant.
    params: ofFramework !== undefined ? request.params : path === name ? undefined : { path },
    url,
    headers,
    hasBody: messageHasBody(request),
  }
  return { ...facts, body: facts.hasBody ? await parsedBody(request) : undefined }
}

/** Express 4 has an empty object as the body of requests that no parser has read. */
async function parsedBody(request: NodeRequest): Promise<unknown> {
  const body = await comparableBody(request, createReadStream)
  const isEmpty = typeof body === 'object' && body !== null && Object.keys(body).length === 0
  return isEmpty && !request.readableEnded ? undefined : body
}

function refuseNameless(): never {
  throw new InvalidArgumentError(
    "route is missing: Node's server knows no routes, and Express none in app.use(). Give the pattern, such as route: '/orders/:id'.",
  )
}
