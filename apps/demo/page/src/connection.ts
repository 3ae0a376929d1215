import type { PageEvent } from '../../src/events/page-event.ts'
import type { Snapshot } from '../../src/events/snapshot.ts'

/** Whether the page hears the server. */
export type ConnectionState =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** Since its last word; the next attempt follows at `retryAt`. Both by the clock of this browser. */
  | { readonly state: 'lost'; readonly since: number; readonly retryAt: number }

export interface Listener {
  readonly snapshot: (snapshot: Snapshot) => void
  readonly events: (events: readonly PageEvent[]) => void
  readonly state: (state: ConnectionState) => void
}

/** The part of EventSource that is used here. */
export interface Source {
  addEventListener(
    type: string,
    listener: (message: { readonly data: string; readonly lastEventId: string }) => void,
  ): void
  close(): void
}

export interface Connection {
  readonly retryNow: () => void
  /** Stops listening without a word, and goes on where it stopped. */
  readonly pause: () => void
  readonly resume: () => void
  readonly close: () => void
}

/** The server says something every 10 s. */
const SILENCE_MS = 25_000

const RETRIES_MS = [1_000, 2_000, 3_000, 5_000]

/**
 * Hears the events of the server. After a loss it asks for what it has missed, by the id of the last event; it opens each
 * connection itself, so that it can say when the next attempt follows.
 */
export function connect(listener: Listener, open: (url: string) => Source = openSource): Connection {
  let source: Source | undefined
  let lastId = ''
  let heardAt = Date.now()
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const after = (ms: number, act: () => void): void => {
    clearTimeout(timer)
    timer = setTimeout(act, ms)
  }

  const disconnect = (): void => {
    clearTimeout(timer)
    source?.close()
    source = undefined
  }

  const lose = (): void => {
    disconnect()
    const wait = RETRIES_MS[Math.min(failures, RETRIES_MS.length - 1)] ?? 5_000
    failures += 1
    listener.state({ state: 'lost', since: heardAt, retryAt: Date.now() + wait })
    after(wait, start)
  }

  const hear = (opened: Source, id: string): boolean => {
    // A source that was closed may have a message left.
    if (opened !== source) return false
    if (id !== '') lastId = id
    heardAt = Date.now()
    failures = 0
    after(SILENCE_MS, lose)
    listener.state({ state: 'live' })
    return true
  }

  const start = (): void => {
    disconnect()
    const opened = open(lastId === '' ? '/api/events' : `/api/events?after=${encodeURIComponent(lastId)}`)
    source = opened
    after(SILENCE_MS, lose)
    opened.addEventListener('open', () => hear(opened, ''))
    opened.addEventListener('alive', () => hear(opened, ''))
    opened.addEventListener('snapshot', ({ data, lastEventId }) => {
      if (hear(opened, lastEventId)) listener.snapshot(JSON.parse(data) as Snapshot)
    })
    opened.addEventListener('message', ({ data, lastEventId }) => {
      if (hear(opened, lastEventId)) listener.events(JSON.parse(data) as readonly PageEvent[])
    })
    opened.addEventListener('error', () => {
      if (opened === source) lose()
    })
  }

  listener.state({ state: 'connecting' })
  start()
  return {
    retryNow: start,
    pause: disconnect,
    resume: () => {
      if (source === undefined) start()
    },
    close: disconnect,
  }
}

function openSource(url: string): Source {
  return new EventSource(url) as Source
}
