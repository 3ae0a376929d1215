import type { Command, DedicatedConnection, DedicatedConnectionEvents } from '../client.ts'

/** How long a connection of our own may take until it can be used, handshake included. */
const OPEN_MS = 5_000

/** A connection that a client library made for us: not yet connected. */
export interface OwnConnection {
  connect(): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Called at most once, also when `connect()` failed. */
  disconnect(): void
}

export interface OwnConnectionUse {
  /** Calls when the connection breaks. A break before it is open makes the opening fail. */
  onLost(lost: () => void): void
  send(args: Command): Promise<unknown>
}

/**
 * Opens the connection. A server that accepts a connection and says nothing would keep it for good, with everything that
 * waits for it, so the attempt ends after `timeoutMs`. Does not keep the process alive.
 */
export async function openDedicated(
  own: OwnConnection,
  { onLost, send }: OwnConnectionUse,
  events: Pick<DedicatedConnectionEvents, 'lost'>,
  timeoutMs: number = OPEN_MS,
): Promise<DedicatedConnection> {
  let isOpen = false
  let hasEnded = false
  const end = (): boolean => {
    if (hasEnded) return false
    hasEnded = true
    own.disconnect()
    return true
  }
  onLost(() => {
    if (end() && isOpen) events.lost()
  })
  const connecting = own.connect()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`The connection was not ready within ${timeoutMs} ms`))
      end()
    }, timeoutMs).unref()
  })
  try {
    await Promise.race([connecting, late])
    if (hasEnded) throw new Error('The client is offline') // nothing was sent
  } catch (error) {
    end()
    throw error
  } finally {
    clearTimeout(timer)
    connecting.catch(() => {})
  }
  isOpen = true
  return {
    send,
    async subscribe(channel) {
      if (hasEnded) throw new Error('The client is closed') // node-redis would never answer
      await own.subscribe(channel)
    },
    async unsubscribe(channel) {
      await own.unsubscribe(channel)
    },
    close: () => void end(),
  }
}
