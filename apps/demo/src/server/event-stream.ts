import type { ServerResponse } from 'node:http'
import type { Feed } from './feed.ts'

/** Sends the feed to every page that is open, as server-sent events. */
export interface EventStream {
  /** Takes over the response until one side ends it. `lastEventId` is what the page has seen, as it says. */
  readonly attach: (response: ServerResponse, lastEventId: string | undefined) => void
  readonly readers: () => number
  /** Ends every response. */
  readonly close: () => void
}

/** Events of this time go out in one message. */
const BATCH_MS = 50
/** Of one message: what a page that reads slowly makes this process keep. */
const MOST_EVENTS = 1_000
/** Proxies and pages take a silent connection for a dead one; a page hears of messages, and of comments it does not. */
const ALIVE_MS = 10_000
const ALIVE = 'event: alive\ndata: {}\n\n'
const RETRY_MS = 1_000

interface Reader {
  readonly response: ServerResponse
  /** The place of the last event that was written. */
  sent: number
  /** Its buffer is full: nothing is written before it has drained, and what it misses waits in the ring. */
  isFull: boolean
}

export function createEventStream(feed: Feed): EventStream {
  const readers = new Set<Reader>()
  let batch: NodeJS.Timeout | undefined

  const write = (reader: Reader, text: string): void => {
    if (reader.response.write(text)) return
    reader.isFull = true
    reader.response.once('drain', () => {
      reader.isFull = false
      send(reader)
    })
  }

  const sendSnapshot = (reader: Reader): void => {
    reader.sent = feed.last()
    write(reader, `event: snapshot\nid: ${feed.run}.${reader.sent}\ndata: ${feed.snapshot()}\n\n`)
  }

  const send = (reader: Reader): void => {
    while (!reader.isFull && reader.sent < feed.last()) {
      const events = feed.after(reader.sent, MOST_EVENTS)
      if (events === undefined) sendSnapshot(reader)
      else {
        reader.sent += events.length
        write(reader, `id: ${feed.run}.${reader.sent}\ndata: [${events.join(',')}]\n\n`)
      }
    }
  }

  const sendBatch = (): void => {
    batch = undefined
    for (const reader of readers) send(reader)
  }
  const stopListening = feed.onEvent(() => {
    if (readers.size > 0) batch ??= setTimeout(sendBatch, BATCH_MS)
  })
  const alive = setInterval(() => {
    for (const reader of readers) if (!reader.isFull) write(reader, ALIVE)
  }, ALIVE_MS).unref()

  return {
    readers: () => readers.size,
    attach(response, lastEventId) {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // Nothing follows on it: at the end it must not hold up the shutdown.
        connection: 'close',
        // Some proxies collect answers before they pass them on.
        'x-accel-buffering': 'no',
      })
      const seen = placeIn(feed, lastEventId)
      const reader: Reader = { response, sent: seen ?? 0, isFull: false }
      response.on('close', () => readers.delete(reader))
      // Written in the moment in which the page goes; `close` follows.
      response.on('error', () => undefined)
      write(reader, `retry: ${RETRY_MS}\n\n`)
      if (seen === undefined) sendSnapshot(reader)
      else send(reader)
      readers.add(reader)
    },
    close() {
      stopListening()
      clearInterval(alive)
      clearTimeout(batch)
      // One that does not read would never come to the end.
      for (const { response, isFull } of readers) {
        if (isFull) response.destroy()
        else response.end()
      }
    },
  }
}

/** What a page has seen of this run, if everything behind it is kept. */
function placeIn(feed: Feed, lastEventId: string | undefined): number | undefined {
  const [, run, text] = /^([\w-]+)\.(\d+)$/.exec(lastEventId ?? '') ?? []
  if (run !== feed.run) return undefined
  const seq = Number(text)
  return feed.after(seq, 0) === undefined ? undefined : seq
}
