import type { HttpResponse, HttpResponseHeaders } from './response.ts'

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

/** Sets headers on an answer of Node that has not begun. */
export function setHeaders(response: NodeResponse, headers: HttpResponseHeaders): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
}

/** Sends this very answer. */
export function sendResponse(response: NodeResponse, { status, headers, body }: HttpResponse): void {
  response.statusCode = status
  setHeaders(response, headers)
  if (body === null) {
    response.end()
  } else {
    response.setHeader('content-length', `${Buffer.byteLength(body)}`)
    response.end(body)
  }
}

/** Whether an answer has begun to leave, or is about to. */
export function isAnswered(response: NodeResponse): boolean {
  return response.headersSent || response.writableEnded
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

/** What writes to Node's response. */
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
