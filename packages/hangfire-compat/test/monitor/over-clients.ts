import { Redis } from 'ioredis'
import { afterAll } from 'vitest'
import { type ClientName, type Connected, clients, connect } from '../locks/node-peer.ts'

interface Clients {
  /** Reads and writes past what is tested. */
  readonly admin: Redis
  /** Each client of Redis, for `describe.each`. */
  readonly connected: readonly (Connected & { readonly name: ClientName })[]
}

/** They end with the file that opens them: files share their modules, not their connections. */
export async function openClients(): Promise<Clients> {
  const url = process.env['REDIS_URL'] ?? ''
  const admin = new Redis(url)
  const connected = await Promise.all(clients.map(async (name) => ({ name, ...(await connect(name, url)) })))
  afterAll(() => {
    for (const { end } of connected) end()
    admin.disconnect()
  })
  return { admin, connected }
}

/** The fields of a job that has no state yet. */
export const GOOD = {
  Type: 'A.B, A',
  Method: 'Run',
  ParameterTypes: '[]',
  Arguments: '[]',
  CreatedAt: '1795906388247',
} as const
