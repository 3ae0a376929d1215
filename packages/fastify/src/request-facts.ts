import type { HttpRequestFacts } from '@holdfast/core/http'
import type { FastifyRequest } from 'fastify'

/** What the rules need of a request; `pattern` is the route's, with its prefixes. */
export function factsOf(
  request: FastifyRequest,
  pattern: string,
): HttpRequestFacts | Promise<HttpRequestFacts> {
  const { method, params, url, headers, body } = request
  const facts = { method, route: pattern, params, url, headers }
  return hasParts(body) ? plainBody(body).then((plain) => ({ ...facts, body: plain })) : { ...facts, body }
}

/** A part as `@fastify/multipart` attaches it to the body. */
interface MultipartPart {
  readonly type: 'field' | 'file'
  readonly fieldname: string
  readonly value?: unknown
  readonly filename?: string
  readonly mimetype?: string
  toBuffer?(): Promise<Uint8Array>
}

/** Attached parts refer to each other in circles; what counts of them is what they carry. */
async function plainBody(body: object): Promise<unknown> {
  const plain: [string, unknown][] = []
  for (const [name, value] of Object.entries(body)) {
    plain.push([name, await Promise.all([value].flat().map(contentOf))])
  }
  return Object.fromEntries(plain)
}

function hasParts(body: unknown): body is object {
  if (typeof body !== 'object' || body === null) return false
  return Object.values(body).some((value) => (Array.isArray(value) ? value.some(isPart) : isPart(value)))
}

async function contentOf(part: unknown): Promise<unknown> {
  if (!isPart(part)) return part
  if (part.type === 'field') return part.value
  const { filename, mimetype } = part
  return { filename, mimetype, bytes: await part.toBuffer?.() }
}

function isPart(value: unknown): value is MultipartPart {
  if (typeof value !== 'object' || value === null) return false
  const { type, fieldname } = value as Partial<MultipartPart>
  return (type === 'field' || type === 'file') && typeof fieldname === 'string' && 'fields' in value
}
