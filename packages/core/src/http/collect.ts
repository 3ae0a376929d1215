/** A stream's bytes when they fit, else the whole stream again to send on. */
export type Collected =
  | { readonly fits: true; readonly bytes: Uint8Array }
  | { readonly fits: false; readonly stream: AsyncIterable<Uint8Array> }

/**
 * Reads a stream up to `maxBytes`: for `streams: 'buffer'`. Rejects with the stream's own error when it fails within
 * that; a later one comes out of the returned stream.
 */
export async function collectStream(
  source: AsyncIterable<Uint8Array | string>,
  maxBytes: number,
): Promise<Collected> {
  const iterator = source[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let length = 0
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    const chunk = bytesOf(next.value)
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) return { fits: false, stream: rest(chunks, iterator) }
  }
  return { fits: true, bytes: Buffer.concat(chunks, length) }
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
