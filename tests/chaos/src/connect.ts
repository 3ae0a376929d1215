import type { Storage } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'

export interface Connected {
  readonly storage: Storage
  readonly disconnect: () => void
}

/** How soon a client tries again: the faults are shorter than what people use. */
const RECONNECT_MS = 30

const clients: readonly ((port: number) => Connected)[] = [
  (port) => {
    let isClosing = false
    const client = new Redis(port, '127.0.0.1', {
      retryStrategy: () => RECONNECT_MS,
      // As managed Redis recommends it: the address leads to the new primary then. Once for each connection, because
      // ioredis adds a listener to the socket whenever this returns true, and Node warns when there are eleven.
      reconnectOnError: ({ message }) => !isClosing && (isClosing = message.startsWith('READONLY')),
    })
    client.on('close', () => (isClosing = false)).on('error', () => {})
    return { storage: ioredisStorage(client), disconnect: () => client.disconnect() }
  },
  (port) => {
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: RECONNECT_MS } })
    client.on('error', () => {})
    client.connect().catch(() => {})
    return { storage: nodeRedisStorage(client), disconnect: () => client.destroy() }
  },
  (port) => {
    const client = new Redis5(port, '127.0.0.1', { retryStrategy: () => RECONNECT_MS })
    client.on('error', () => {})
    return { storage: ioredisStorage(client), disconnect: () => client.disconnect() }
  },
  (port) => {
    const client = createClient5({ socket: { host: '127.0.0.1', port, reconnectStrategy: RECONNECT_MS } })
    client.on('error', () => {})
    client.connect().catch(() => {})
    return { storage: nodeRedisStorage(client), disconnect: () => client.destroy() }
  },
]

/** Workers take turns with the clients, so that all four live through the same history. */
export function connect(index: number, port: number): Connected {
  const make = clients[index % clients.length]
  if (make === undefined) throw new Error(`worker ${index} has no client`)
  return make(port)
}
