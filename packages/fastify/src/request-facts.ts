import { createReadStream } from 'node:fs'
import { type HttpRequestFacts, comparableBody, isForm, messageHasBody } from '@holdfast/http'
import type { FastifyRequest } from 'fastify'

/** What the rules need of a request; `route` is what its route is called, see {@link routeName}. */
export function factsOf(
  request: FastifyRequest,
  route: string,
): HttpRequestFacts | Promise<HttpRequestFacts> {
  const { method, params, url, headers, body, raw } = request
  const facts = { method, route, params, url, headers, hasBody: messageHasBody(raw) }
  if (!isForm(headers)) return { ...facts, body }
  return comparableBody(request, createReadStream).then((comparable) => ({ ...facts, body: comparable }))
}
