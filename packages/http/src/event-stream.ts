import { PassThrough, type Readable } from 'node:stream'

/** Proxies close connections that are silent for a minute or so. */
const HEARTBEAT_MS = 15_000

/** One event of a stream to a browser; `data` is sent as JSON. */
export interface ServerSentEvent {
  readonly event: string
  readonly id?: string
  readonly data: unknown
}

/**
 * Events as `text/event-stream`. `open` gets a signal that is aborted when the reader is gone or `closing` is, and
 * must end its events then; the stream ends with them.
 */
export function eventStream(
  open: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
  closing: AbortSignal | undefined,
): Readable {
  const stream = new PassThrough()
  const gone = new AbortController()
  const leave = (): void => gone.abort()
  const heartbeat = setInterval(() => stream.write(':\n\n'), HEARTBEAT_MS)
  if (closing?.aborted) leave()
  closing?.addEventListener('abort', leave)
  stream.once('close', () => {
    clearInterval(heartbeat)
    closing?.removeEventListener('abort', leave)
    leave()
  })
  void pump(stream, open(gone.signal)).catch((error: unknown) => stream.destroy(error as Error))
  return stream
}

async function pump(stream: PassThrough, events: AsyncIterable<ServerSentEvent>): Promise<void> {
  // Something must arrive before the first event, or the client does not know that it is connected.
  stream.write(':\n\n')
  for await (const { event, id, data } of events) {
    const lines = [
      ...(id === undefined ? [] : [`id: ${id}`]),
      `event: ${event}`,
      `data: ${JSON.stringify(data)}`,
    ]
    if (stream.destroyed) return
    if (!stream.write(`${lines.join('\n')}\n\n`)) await drained(stream)
  }
  stream.end()
}

function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}
