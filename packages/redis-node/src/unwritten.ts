import { errorMonitor } from 'node:events'
import { oncePerClient } from '@holdfast/redis-protocol'
import type { AbortEvents, NodeRedisClient } from './node-redis-types.ts'

/**
 * Our commands that a client has taken but not yet written are taken back when it loses a connection.
 *
 * node-redis writes what was sent in one turn of the event loop at the end of that turn. Version 5 does so also when
 * the connection was lost in between: it writes to the dead socket, and lists the commands as waiting for replies
 * after that list was cleared. The replies on the next connection then go to the wrong commands, and its handshake,
 * which misses its own, is never over. Version 6 keeps such commands and sends them when it is connected again, which
 * is later than we want.
 */
export interface Unwritten {
  /** For the options of each command: tells the client which are taken back. */
  readonly abortSignal: AbortEvents
  /** Stops listening to the client. */
  detach(): void
}

/** What a command that was taken back is rejected with says that it was never sent (see `errors.ts` of the protocol). */
export const takeBackUnwritten: (client: NodeRedisClient) => Unwritten = oncePerClient(attach)

function attach(client: NodeRedisClient): Unwritten {
  // A real AbortSignal looks through all of its listeners for each new one, and can abort only once.
  const listeners = new Set<() => void>()
  const abortSignal: AbortEvents = {
    aborted: false,
    addEventListener: (_, listener) => void listeners.add(listener),
    removeEventListener: (_, listener) => void listeners.delete(listener),
  }
  const takeBack = (): void => {
    const unwritten = [...listeners]
    listeners.clear()
    for (const reject of unwritten) reject()
  }
  client.on(errorMonitor, takeBack)
  return { abortSignal, detach: () => void client.off(errorMonitor, takeBack) }
}
