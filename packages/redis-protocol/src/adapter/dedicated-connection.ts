import type { Command, DedicatedConnection, DedicatedConnectionEvents } from '../client.ts'
import { inTime } from '../in-time.ts'

/** How long a dedicated connection may take until it can be used, handshake included. */
const OPEN_MS = 5_000

/** A connection that a client library made for us: not yet connected. */
export interface OwnConnection {
  connect(): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Called once, also when `connect()` failed or the connection broke. */
  disconnect(): void
}

/** What the adapter does on a connection that is for subscriptions alone. */
export interface OwnConnectionUse {
  /** Calls when the connection breaks. A break before it is open makes the opening fail, even if `connect()` resolves. */
  onLost(lost: () => void): unknown
  send(args: Command): Promise<unknown>
}

/**
 * Opens the connection. A server that accepts a connection and says nothing would keep it for good, with everything that
 * waits for it, so the attempt ends after `timeoutMs`. Does not keep the process alive.
 */
export async function openDedicated(
  own: OwnConnection,
  events: Pick<DedicatedConnectionEvents, 'lost'>,
  { onLost, send }: OwnConnectionUse,
  timeoutMs: number = OPEN_MS,
): Promise<DedicatedConnection> {
  let isOpen = false
  let isLost = false
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    own.disconnect()
  }
  onLost(() => {
    isLost = true
    // While it opens, connect() says why it broke. A node-redis client that is closed meanwhile forgets why, or connects
    // all the same.
    if (!isOpen) return
    close()
    events.lost()
  })
  try {
    await inTime(own.connect(), timeoutMs, new Error(`The connection was not ready within ${timeoutMs} ms`))
    if (isLost) throw new Error('The client is offline') // nothing was sent
  } catch (error) {
    own.disconnect()
    throw error
  }
  isOpen = true
  return {
    send,
    async subscribe(channel) {
      if (!isOpen) throw new Error('The client is closed') // node-redis would never answer
      await own.subscribe(channel)
    },
    unsubscribe: (channel) => own.unsubscribe(channel),
    close,
  }
}
