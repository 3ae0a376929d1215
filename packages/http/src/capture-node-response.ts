import type { HttpIdempotency } from './http-idempotency.ts'
import { type IdempotentRequest, statusOf } from './idempotent-request.ts'
import { type NodeResponse, override } from './node-response.ts'
import type { CapturedBody } from './response.ts'

/** How much of a stream is kept. */
export type CaptureLimits = Pick<HttpIdempotency, 'streams' | 'maxResponseBytes'>

type Headers = Record<string, string | number | readonly string[] | undefined>

/**
 * Records an answer at Node's own methods, through which everything goes that Express, Nest and handlers with `@Res()`
 * send. What is given to one `end()` is a body; what is written in pieces is a stream. `end()` takes effect once the
 * answer is recorded; until then the response looks ended to everybody, as it would be without us.
 *
 * These methods lie over those of middleware that ran before, such as compression: the bytes seen here are not
 * compressed yet, and a replay goes through the same middleware again.
 */
export function captureNodeResponse(
  response: NodeResponse,
  handled: IdempotentRequest,
  { streams, maxResponseBytes }: CaptureLimits,
): void {
  const original = {
    write: response.write.bind(response),
    writeHead: response.writeHead.bind(response),
    flushHeaders: response.flushHeaders.bind(response),
    end: response.end.bind(response),
  }
  const pieces = new Pieces(streams === 'buffer' ? maxResponseBytes : 0)
  let head: Headers | undefined
  let isHandlers = false
  let ended = false

  /** As the handler set them: middleware changes them (to `gzip`) as soon as the head is written. */
  const headOf = (more: Headers = {}): Headers => {
    // The first writer gives the answer.
    if (head === undefined) isHandlers = handled.isHandlers
    return (head ??= { ...response.getHeaders(), ...more })
  }

  const restore = override(response, {
    writeHead: {
      writable: true,
      value: (...args: unknown[]) => {
        headOf(headersOf(args))
        return original.writeHead(...args)
      },
    },
    flushHeaders: {
      writable: true,
      value: () => {
        headOf()
        original.flushHeaders()
      },
    },
    write: {
      writable: true,
      value: (...args: unknown[]) => {
        if (ended) return false
        headOf()
        pieces.add(args)
        return original.write(...args)
      },
    },
    end: {
      writable: true,
      value: (...args: unknown[]) => {
        if (ended) return response
        ended = true
        const { statusCode: status } = response
        // It is unknown which bytes have left already.
        const wentAround = response.headersSent && head === undefined
        const body: CapturedBody = wentAround ? { omitted: 'hijacked' } : pieces.end(args)
        const thaw = freeze(response)
        void handled.onSend({ status, headers: headOf(), body }, isHandlers).then(() => {
          thaw()
          restore()
          response.statusCode = status
          try {
            response.end(...args)
          } catch {
            // No valid status, or neither text nor bytes: the code that gave it is gone, so no error can reach it.
            if (!response.headersSent) response.statusCode = 500
            original.end()
          }
        })
        return response
      },
    },
  })
}

/**
 * Reports the end of the response. An answer that was not seen went around `end()` and cannot be replayed; or the client is
 * gone, and a handler whose promise, `ended`, has settled never answers. It ran, so it is not run again. A handler that has
 * failed in the middle of its answer is judged by its error, as if it had failed before.
 */
export function endWithResponse(
  response: NodeResponse,
  handled: IdempotentRequest,
  ended: () => Promise<unknown>,
): void {
  const closed = (): void => {
    if (response.writableEnded) return handled.onResponse(response.statusCode)
    // What had begun is cut off, so that nothing answers for the error any more.
    if (handled.error !== undefined && response.headersSent)
      return handled.onResponse(statusOf(handled.error), true)
    handled.onResponse()
    const unseen = (): void => handled.onResponse(response.statusCode)
    const returned = (): void => void setTimeout(unseen, LATE_ANSWER_MS).unref()
    ended().then(returned, returned)
  }
  // The handler is called within this turn.
  if (response.destroyed) setImmediate(closed)
  else response.once('close', closed)
}

/** How long after its client has hung up a handler that has returned may still send its answer by itself. */
const LATE_ANSWER_MS = 30_000

/** The pieces of a body; forgotten when they become too many to be kept. */
class Pieces {
  readonly #maxBytes: number
  #kept: Uint8Array[] | undefined = []
  #bytes = 0
  #count = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(args: readonly unknown[]): void {
    const bytes = bytesOf(args)
    this.#count += 1
    this.#bytes += bytes?.length ?? 0
    if (this.#bytes > this.#maxBytes) this.#kept = undefined
    else if (bytes !== null) this.#kept?.push(bytes)
  }

  end(args: readonly unknown[]): CapturedBody {
    const last = bytesOf(args)
    if (this.#count === 0) return last
    if (last !== null) this.add(args)
    return this.#kept === undefined ? { omitted: 'stream' } : Buffer.concat(this.#kept)
  }
}

/** The bytes among the arguments of `write` and `end`: `(chunk?, encoding?, callback?)`. */
function bytesOf([chunk, encoding]: readonly unknown[]): Uint8Array | null {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk !== 'string') return null
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}

/** The headers among the arguments of `writeHead`: `(status, reason?, headers?)`, an object or a flat list. */
function headersOf(args: readonly unknown[]): Headers {
  const given = args.find((arg) => typeof arg === 'object' && arg !== null)
  const entries = Array.isArray(given) ? pairsOf(given) : Object.entries((given ?? {}) as Headers)
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
}

function pairsOf(list: readonly unknown[]): [string, Headers[string]][] {
  if (Array.isArray(list[0])) return list as [string, Headers[string]][]
  return list.flatMap((name, index): [string, Headers[string]][] =>
    index % 2 === 0 ? [[String(name), list[index + 1] as Headers[string]]] : [],
  )
}

/** Between `end()` and the moment at which it takes effect, a response behaves as one that was sent. */
function freeze(response: NodeResponse): () => void {
  const refuse = {
    writable: true,
    value: (): never => {
      throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
        code: 'ERR_HTTP_HEADERS_SENT',
      })
    },
  }
  return override(response, {
    headersSent: { get: () => true },
    writableEnded: { get: () => true },
    setHeader: refuse,
    appendHeader: refuse,
    removeHeader: refuse,
    writeHead: refuse,
  })
}
