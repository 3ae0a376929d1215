import type {
  HttpHandledRequest,
  HttpRequestFacts,
  HttpResponse,
  HttpResponseHeaders,
} from '@holdfast/core/http'

/** One request and its response, as the platform under Nest has them. */
export interface Platform {
  /** The framework's own request, for the resolvers of the options. */
  readonly request: object
  /** The framework's own response. */
  readonly response: object
  /** Node's response under it. */
  readonly raw: NodeResponse
  facts(): Promise<HttpRequestFacts>
  setHeaders(headers: HttpResponseHeaders): void
  /** Sends this very answer. Whatever is sent after it, by interceptors, filters or Nest itself, is ignored. */
  answer(response: HttpResponse): Promise<void>
  /** Whether something else has answered: a watchdog, say. */
  isAnswered(): boolean
  /** Resolves when its answer was sent. Whatever is sent after it is ignored, as with {@link answer}. */
  ignoreOthers(): Promise<void>
  /** Reports what is going to be sent, before it is; `failure` says what the handler threw, if it did. */
  capture(handled: HttpHandledRequest, limits: CaptureLimits, failure: () => unknown): void
  /** Whether it was the handler that took the response out of the framework's hands. */
  wasHijackedBy(handled: HttpHandledRequest): boolean
}

export interface CaptureLimits {
  readonly streams: 'tombstone' | 'buffer'
  readonly maxResponseBytes: number
}

/** The part of `http.ServerResponse` (and of HTTP/2's) that is used here. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly writableFinished: boolean
  readonly destroyed: boolean
  getHeaders(): Record<string, string | number | string[] | undefined>
  setHeader(name: string, value: string | readonly string[]): unknown
  write(...args: unknown[]): boolean
  end(...args: unknown[]): unknown
  writeHead(...args: unknown[]): unknown
  flushHeaders(): void
  once(event: 'close' | 'finish', listener: () => void): unknown
  off(event: 'close' | 'finish', listener: () => void): unknown
}

/** Resolves when all was sent, or the connection is gone. */
export function sent(raw: NodeResponse): Promise<void> {
  return new Promise((resolve) => {
    if (raw.writableFinished || raw.destroyed) return resolve()
    raw.once('finish', resolve)
    raw.once('close', resolve)
  })
}

/** Puts members in the way of an object's own; the returned function takes them away again. */
export function override(object: object, members: Readonly<Record<string, PropertyDescriptor>>): () => void {
  const before = Object.keys(members).map(
    (name) => [name, Object.getOwnPropertyDescriptor(object, name)] as const,
  )
  for (const [name, member] of Object.entries(members)) {
    Object.defineProperty(object, name, { configurable: true, ...member })
  }
  return () => {
    for (const [name, own] of before) {
      if (own === undefined) Reflect.deleteProperty(object, name)
      else Object.defineProperty(object, name, own)
    }
  }
}

/** Makes methods do nothing and return `result`. */
export function silence(object: object, names: readonly string[], result: unknown): void {
  override(object, Object.fromEntries(names.map((name) => [name, { value: () => result, writable: true }])))
}

/** What writes to Node's response; all of it is void once the answer was sent. */
export const NODE_WRITERS: readonly string[] = [
  'setHeader',
  'setHeaders',
  'appendHeader',
  'removeHeader',
  'writeHead',
  'flushHeaders',
  'write',
  'end',
]
