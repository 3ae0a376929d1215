import { randomBytes } from 'node:crypto'
import { hostNow } from '../clock.ts'
import type { PageEvent } from '../events/page-event.ts'
import type { WorldState } from '../events/snapshot.ts'
import type { WorldEvent } from '../live/world.ts'
import { createHistory } from './history.ts'
import { createRing } from './ring.ts'

/** A page that was away so long that more happened gets a snapshot. */
const KEPT_EVENTS = 20_000

/** Everything that the pages are told: each event gets its place in the stream here. */
export interface Feed {
  /** Of this start of the server. */
  readonly run: string
  readonly publish: (event: WorldEvent) => void
  /** Calls back on each event, until the returned function is called. */
  readonly onEvent: (listener: () => void) => () => void
  readonly last: () => number
  /** As JSON; undefined: not all of them are kept. */
  readonly after: (seq: number, most: number) => readonly string[] | undefined
  /** A `Snapshot` as JSON, of everything up to `last()`. */
  readonly snapshot: () => string
}

export function createFeed(state: () => WorldState, capacity = KEPT_EVENTS): Feed {
  const run = randomBytes(6).toString('base64url')
  const ring = createRing(capacity)
  const history = createHistory()
  const listeners = new Set<() => void>()
  return {
    run,
    last: ring.last,
    after: ring.after,
    publish(event) {
      const placed: PageEvent = { ...event, seq: ring.last() + 1 }
      const json = JSON.stringify(placed)
      ring.push(json)
      history.add(placed, json)
      for (const listener of listeners) listener()
    },
    onEvent(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    snapshot() {
      const now = hostNow()
      const head = JSON.stringify({ run, seq: ring.last(), now, world: state() })
      return `${head.slice(0, -1)},"events":[${history.read(now).join(',')}]}`
    },
  }
}
