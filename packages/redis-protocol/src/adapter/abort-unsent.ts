import { errorMonitor } from 'node:events'
import { type Emitter, onEvents } from './emitter.ts'
import { type Attached, oncePerClient } from './once-per-client.ts'

/** As much of an AbortSignal as a client uses that listens to it until it has written the command. */
export interface AbortEvents {
  readonly aborted: boolean
  addEventListener(event: 'abort', listener: () => void): void
  removeEventListener(event: 'abort', listener: () => void): void
}

export interface UnsentCommands extends Attached {
  /** For the options of each command. */
  readonly abortSignal: AbortEvents
}

/**
 * Aborts the commands that a client has accepted but not yet written, when it loses a connection. The client's error for
 * them must say that they were never sent (see `errors.ts`).
 *
 * node-redis needs this. It writes the commands of one turn of the event loop at the end of that turn. Version 5 does so also when
 * the connection was lost in between: it writes to the dead socket, and lists the commands as waiting for replies
 * after that list was cleared. The replies on the next connection then go to the wrong commands, and its handshake,
 * which misses its own, never ends. Version 6 keeps such commands and sends them when it is connected again, which
 * is later than we want.
 */
export const abortUnsent: (client: Emitter) => UnsentCommands = oncePerClient(attach)

function attach(client: Emitter): UnsentCommands {
  // A real AbortSignal looks through all of its listeners for each new one, and can abort only once.
  const listeners = new Set<() => void>()
  const detach = onEvents(client, [errorMonitor], () => {
    const unsent = [...listeners]
    listeners.clear()
    for (const reject of unsent) reject()
  })
  return {
    abortSignal: {
      aborted: false,
      addEventListener: (_, listener) => void listeners.add(listener),
      removeEventListener: (_, listener) => void listeners.delete(listener),
    },
    detach,
  }
}
