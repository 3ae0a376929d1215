import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port of 127.0.0.1 on which no process listens now.
 *
 * Taken so far below the ephemeral range that outgoing connections can grab neither it in the meantime nor the bus port
 * of a Redis Cluster (port + 10 000), which no other server uses either: one of the ten thousand from `lowest` on.
 */
export async function freePort(lowest = 12_000): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * 10_000)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
