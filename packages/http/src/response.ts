import { InvalidArgumentError } from '@holdfast/core'
import { headerName } from './headers.ts'

/** An answer to send as it is: adapters set status and headers and end with these very bytes. */
export interface HttpResponse {
  readonly status: number
  /** Lower-case names; several values of one name stay several. */
  readonly headers: HttpResponseHeaders
  /** A text is sent as UTF-8. Null: no body at all, as with 204. */
  readonly body: string | Uint8Array | null
}

/** The headers of an answer. */
export type HttpResponseHeaders = Readonly<Record<string, string | string[]>>

/** What an adapter saw of the handler's answer, before any compression. */
export interface CapturedResponse {
  readonly status: number
  /** As Node's `getHeaders()` gives them. */
  readonly headers: Readonly<Record<string, string | number | readonly string[] | undefined>>
  /** See {@link capturedBody}. */
  readonly body: CapturedBody
  /** What the handler threw, when the answer was made of it. */
  readonly error?: unknown
}

/** The body of an answer, as far as it can be kept. */
export type CapturedBody =
  | string
  | Uint8Array
  | null
  /**
   * It cannot be sent again: a stream, an answer that went around the framework, or none, because another answer had
   * left when the handler ended.
   */
  | { readonly omitted: 'stream' | 'hijacked' | 'unanswered' }

/** Whether the handler ended without having answered. */
export function isUnanswered(body: CapturedBody): boolean {
  return body !== null && typeof body === 'object' && 'omitted' in body && body.omitted === 'unanswered'
}

/** Sorts what frameworks pass as a body: text and bytes can be kept, nothing is nothing, all the rest flows by. */
export function capturedBody(payload: unknown): CapturedBody {
  if (payload === undefined || payload === null) return null
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload)
  return { omitted: 'stream' }
}

/** What is kept of an answer: plain JSON, so that any codec can carry it. */
export type StoredResponse =
  | {
      readonly v: 1
      readonly status: number
      readonly headers: HttpResponseHeaders
      readonly body: string | null
      /** How bytes became the text above. */
      readonly encoding: 'utf8' | 'base64'
    }
  /** The answer was given, but not kept: it can be neither replayed nor made again. */
  | { readonly v: 1; readonly status: number; readonly omitted: 'stream' | 'hijacked' | 'too-large' }
  /** The handler completed when another answer had left: a watchdog's, say. */
  | { readonly v: 1; readonly status: null; readonly omitted: 'unanswered' }

/** Kept and replayed by default; other headers belong to one connection, one moment or one client. */
const KEPT_HEADERS: readonly string[] = [
  'content-type',
  'location',
  'content-location',
  'etag',
  'last-modified',
  'link',
  'cache-control',
  'content-disposition',
  'content-language',
  // Only there when the handler encoded the bytes itself, which then mean nothing without it.
  'content-encoding',
]

/** Never kept, even on request: secrets of one client, and what belongs to one transfer. */
const NEVER_KEPT: ReadonlySet<string> = new Set([
  'set-cookie',
  'set-cookie2',
  'www-authenticate',
  'proxy-authenticate',
  'authentication-info',
  'proxy-authentication-info',
  'authorization',
  'proxy-authorization',
  'date',
  'age',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
])

/** @throws InvalidArgumentError for a name that must not be kept */
export function checkStoreHeaders(option: string, names: readonly string[]): readonly string[] {
  if (!Array.isArray(names)) throw new InvalidArgumentError(`${option} must be a list, such as ['x-total'].`)
  const lower = names.map((name: string) => headerName(option, name))
  const refused = lower.find((name) => NEVER_KEPT.has(name))
  if (refused === undefined) return lower
  throw new InvalidArgumentError(`${option} must not name ${refused}: it is never kept or replayed.`)
}

/** The names to keep: the standard ones and `more`. */
export function keptHeaders(more: readonly string[]): ReadonlySet<string> {
  return new Set([...KEPT_HEADERS, ...more])
}

export function storedResponse(
  { status, headers, body }: CapturedResponse,
  kept: ReadonlySet<string>,
  maxBytes: number,
): StoredResponse {
  if (body !== null && typeof body === 'object' && 'omitted' in body) {
    const { omitted } = body
    return omitted === 'unanswered' ? { v: 1, status: null, omitted } : { v: 1, status, omitted }
  }
  if (body !== null && Buffer.byteLength(body) > maxBytes) return { v: 1, status, omitted: 'too-large' }
  const text = body === null || typeof body === 'string' ? body : textOf(body)
  return {
    v: 1,
    status,
    headers: keptOf(headers, kept),
    ...(text === undefined
      ? { body: Buffer.from(body as Uint8Array).toString('base64'), encoding: 'base64' }
      : { body: text, encoding: 'utf8' }),
  }
}

function keptOf(
  headers: CapturedResponse['headers'],
  kept: ReadonlySet<string>,
): Record<string, string | string[]> {
  const stored: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (value === undefined || !kept.has(lower)) continue
    stored[lower] = typeof value === 'object' ? [...value] : `${value}`
  }
  return stored
}

/** Whether this version knows how it was kept; a newer one may keep answers in another way. */
export function isReadable(stored: StoredResponse): boolean {
  const { v, encoding = 'utf8' } = stored as { readonly v: unknown; readonly encoding?: unknown }
  return v === 1 && (encoding === 'utf8' || encoding === 'base64')
}

/** Text as it was kept: sending converts it to bytes anyway. */
export function bodyOf({
  body,
  encoding,
}: Exclude<StoredResponse, { omitted: string }>): string | Uint8Array | null {
  return body === null || encoding === 'utf8' ? body : Buffer.from(body, encoding)
}

/** Bytes that are valid text are kept as text: readable, and a quarter smaller than base64. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
