import { hash } from 'node:crypto'
import { InvalidArgumentError, fingerprintOf } from '@holdfast/core'
import { IncomparableBody } from './form.ts'
import { type HttpRequestHeaders, contentTypeOf, mediaTypeOf } from './headers.ts'

/** What an adapter reports about a request, at the moment at which its handler is about to start. */
export interface HttpRequestFacts {
  readonly method: string
  /**
   * The route's pattern with every prefix, such as `/v1/orders/:id/payments`, not the path that was requested; and all
   * else that distinguishes it from other routes, such as a host or a version.
   */
  readonly route: string
  /** What the pattern's parameters stand for in this request. */
  readonly params?: unknown
  /** As it was sent, with the query string. */
  readonly url: string
  /** With lower-case names, as Node gives them. */
  readonly headers: HttpRequestHeaders
  /** See {@link comparableBody}; undefined when it was not parsed, which is not the same as an empty object. */
  readonly body: unknown
  /** See {@link messageHasBody}. */
  readonly hasBody: boolean
}

/** What two requests with one key must agree in, as plain data; it is hashed. */
export interface StandardFingerprint {
  readonly method: string
  readonly route: string
  readonly params: readonly (readonly [string, string])[]
  /** Sorted by name; the order of values of one name counts. */
  readonly query: readonly (readonly [string, string])[]
  /** Without parameters such as `charset` and `boundary`; empty without a body. */
  readonly mediaType: string
  /** Parsed JSON and forms as they are (the order of keys does not count), everything else as text or bytes. */
  readonly body: unknown
}

/** @throws InvalidArgumentError when the request has a body that no parser has read, or that cannot be compared. */
export function standardFingerprint(facts: HttpRequestFacts): StandardFingerprint {
  const fingerprint = fingerprintWithoutUnread(facts)
  if (isUnread(facts)) {
    throw new InvalidArgumentError(
      `The ${fingerprint.mediaType || 'request'} body has not been read when the key is claimed, so it cannot be compared: parse it before, or give fingerprint.`,
    )
  }
  if (facts.body instanceof IncomparableBody) throw new InvalidArgumentError(facts.body.reason)
  return fingerprint
}

/** Whether there is a body that no parser has read. */
export function isUnread({ body, hasBody }: HttpRequestFacts): boolean {
  return body === undefined && hasBody
}

/** The same for a resolver that compares something else than the body. */
export function fingerprintWithoutUnread(facts: HttpRequestFacts): StandardFingerprint {
  const { method, route, headers, url } = facts
  const mediaType = mediaTypeOf(headers)
  return {
    method: method.toUpperCase(),
    route,
    params: paramsOf(facts),
    query: queryOf(url),
    mediaType,
    body: bodyOf(facts, mediaType),
  }
}

/** What executions of a route are listed under: `http:POST /v1/orders`. */
export function jobTypeOf({ method, route }: Pick<HttpRequestFacts, 'method' | 'route'>): string {
  return `http:${method.toUpperCase()} ${route}`
}

/**
 * The execution's key: a hash over the scope, the resolved parameters of the route and the client's key. The parts are
 * joined as JSON, so that no character in one of them can make it look like another.
 */
export function jobKeyOf(scope: string | null, key: string, facts: HttpRequestFacts): string {
  const parts = JSON.stringify(['v1', scope, paramsOf(facts), key])
  return hash('sha256', parts, 'base64url')
}

/** Whether a body is plain JSON whose depth or numbers, and nothing else, keep it from having a fingerprint. */
export function isIncomparableJson(body: unknown): boolean {
  if (!isPlainJson(body)) return false
  try {
    // The body is a member of what its fingerprint is taken of.
    fingerprintOf({ body })
    return false
  } catch {
    return true
  }
}

function isPlainJson(body: unknown): boolean {
  const open: unknown[] = [body]
  while (open.length > 0) {
    const value = open.pop()
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) continue
    if (typeof value !== 'object') return false
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return false
    for (const member of Object.values(value)) open.push(member)
  }
  return true
}

function paramsOf({ params }: HttpRequestFacts): readonly (readonly [string, string])[] {
  if (typeof params !== 'object' || params === null) return []
  const entries = Object.entries(params)
  if (entries.length === 0) return entries as []
  return entries
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) ? JSON.stringify(value) : String(value)] as const)
    .sort(byName)
}

function queryOf(url: string): readonly (readonly [string, string])[] {
  const start = url.indexOf('?')
  if (start === -1) return []
  const end = url.indexOf('#', start)
  const query = url.slice(start + 1, end === -1 ? undefined : end)
  return [...new URLSearchParams(query)].sort(byName)
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function bodyOf({ body, headers }: HttpRequestFacts, mediaType: string): unknown {
  if (body instanceof IncomparableBody) return undefined
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return body
  if (mediaType === 'application/json' || mediaType.endsWith('+json')) return parsedJson(body)
  if (mediaType.startsWith('multipart/')) return withoutBoundary(body, contentTypeOf(headers))
  return body
}

/** What was kept as text or bytes although it is JSON counts as what it says; what is not JSON, as it is. */
function parsedJson(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString())
  } catch {
    return body
  }
}

/** A client picks a new boundary for each try. What lies between is kept apart, or a part could imitate two. */
function withoutBoundary(body: string | Uint8Array, contentType: string): unknown {
  const bytes = Buffer.from(body)
  const delimiter = boundaryOf(contentType)
  if (delimiter === undefined) return bytes
  return bytes.toString('latin1').split(`--${delimiter}`)
}

/** RFC 2046. A search for a long text in a long text can take as many steps as the product of both. */
const MAX_BOUNDARY_LENGTH = 70

function boundaryOf(contentType: string): string | undefined {
  const parameters = contentType.split(';').slice(1)
  const boundary = parameters
    .map((text) => text.trim())
    .find((text) => text.toLowerCase().startsWith('boundary='))
  const value = boundary?.slice('boundary='.length) ?? ''
  const text = value.startsWith('"') ? value.slice(1).split('"', 1)[0] : value
  return text === undefined || text === '' || text.length > MAX_BOUNDARY_LENGTH ? undefined : text
}
