import type { HttpRequestFacts } from '@holdfast/core/http'
import type { FastifyRequest } from 'fastify'

/** What the rules need of a request; `pattern` is the route's, with its prefixes. */
export async function factsOf(request: FastifyRequest, pattern: string): Promise<HttpRequestFacts> {
  const { method, params, url, headers } = request
  return { method, route: pattern, params, url, headers, body: await plainBody(request.body) }
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
async function plainBody(body: unknown): Promise<unknown> {
  if (typeof body !== 'object' || body === null) return body
  const entries = Object.entries(body)
  if (!entries.some(([, value]) => [value].flat().some(isPart))) return body
  const plain: [string, unknown][] = []
  for (const [name, value] of entries) {
    plain.push([name, await Promise.all([value].flat().map(contentOf))])
  }
  return Object.fromEntries(plain)
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
