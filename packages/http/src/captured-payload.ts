import { Readable } from 'node:stream'
import type { HttpIdempotency } from './http-idempotency.ts'
import { type CapturedBody, capturedBody } from './response.ts'

/** The part of a reply of Fastify's that a `Response` is taken apart into. */
export interface ReplyHead {
  code(status: number): unknown
  header(name: string, value: string): unknown
}

/**
 * What Fastify is about to send, as it can be kept, and as it is to be sent: a stream of which `streams: 'buffer'` keeps the
 * bytes is sent as bytes. Rejects with the error of a stream that fails before it was too long to be kept.
 */
export async function capturedPayload(
  given: unknown,
  reply: ReplyHead,
  { streams, maxResponseBytes }: Pick<HttpIdempotency, 'streams' | 'maxResponseBytes'>,
): Promise<{ readonly body: CapturedBody; readonly payload: unknown }> {
  const payload = isResponse(given) ? takenApart(given, reply) : given
  if (streams === 'tombstone' || !isByteStream(payload)) return { body: capturedBody(payload), payload }
  const iterator = payload[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let length = 0
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    const chunk = bytesOf(next.value)
    chunks.push(chunk)
    length += chunk.length
    if (length > maxResponseBytes)
      return { body: { omitted: 'stream' }, payload: Readable.from(rest(chunks, iterator)) }
  }
  const bytes = Buffer.concat(chunks, length)
  return { body: bytes, payload: bytes }
}

/** Fastify would take status and headers over from the `Response` when we have looked. */
function takenApart(response: Response, reply: ReplyHead): unknown {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  return response.body ?? undefined
}

function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === '[object Response]'
}

function isByteStream(payload: unknown): payload is AsyncIterable<Uint8Array | string> {
  return typeof payload === 'object' && payload !== null && Symbol.asyncIterator in payload
}

async function* rest(
  chunks: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array | string>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      yield bytesOf(next.value)
    }
  } finally {
    await iterator.return?.()
  }
}

function bytesOf(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}
