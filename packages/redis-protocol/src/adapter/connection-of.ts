import { errorMonitor } from 'node:events'
import type { HoldfastError } from '@holdfast/core'
import type { Connection, ConnectionState } from '@holdfast/core/storage'
import { type Emitter, onEvents } from './emitter.ts'
import { type Attached, oncePerClient } from './once-per-client.ts'
import { reportErrors } from './report-errors.ts'

/** What the adapter of a client knows of the client's connection. */
export interface ClientState {
  readonly isReady: () => boolean
  /** Why no connection will come, if that is so. Called while the client is not ready. */
  readonly problem: () => HoldfastError | undefined
  /**
   * For a client that prints an error which the app does not listen to, as ioredis does, and then does not emit it: what
   * it prints before the error. Holdfast then hears every error, and prints those that the client would have printed.
   */
  readonly printsUnheard?: string
}

export interface FollowedConnection extends Attached {
  readonly connection: Connection
}

/**
 * A client's state as core wants it: read from the client each time, and reported when one of its `events` fires. Every
 * reconnect is reported, even when the disconnect was not observed, and so is the client's end.
 */
export const connectionOf: (
  client: Emitter,
  events: readonly string[],
  how: ClientState,
) => FollowedConnection = oncePerClient(attach)

function attach(
  client: Emitter,
  events: readonly string[],
  { isReady, problem, printsUnheard }: ClientState,
): FollowedConnection {
  const listeners = new Set<(state: ConnectionState) => void>()
  const state = (): ConnectionState => (isReady() ? 'ready' : 'down')
  const hasEnded = (): boolean => !isReady() && problem() !== undefined
  let reported = state()
  let reportedEnd = hasEnded()
  let lastError: unknown
  const report = (): void => {
    const now = state()
    if (now === 'ready') lastError = undefined
    const ended = hasEnded()
    if (now === reported && now === 'down' && ended === reportedEnd) return
    reported = now
    reportedEnd = ended
    const current = [...listeners] // a listener that another one adds hears of the next change
    for (const listener of current) listener(now)
  }
  const stopReporting = onEvents(client, events, report)
  // As a monitor: with an 'error' listener of ours, ioredis would not print an error that the app does not handle.
  const stopKeeping = onEvents(client, [errorMonitor], (error) => {
    lastError = error
    // An error is the last event of a node-redis client that does not reconnect any more.
    if (hasEnded()) report()
  })
  const stopPrinting = printsUnheard === undefined ? undefined : reportErrors(client, printsUnheard)
  return {
    connection: {
      get state() {
        return state()
      },
      get problem() {
        return isReady() ? undefined : problem()
      },
      get lastError() {
        return isReady() ? undefined : lastError
      },
      onChange(listener) {
        const own = (now: ConnectionState): void => listener(now)
        listeners.add(own)
        return () => listeners.delete(own)
      },
    },
    detach() {
      stopReporting()
      stopKeeping()
      stopPrinting?.()
    },
  }
}
