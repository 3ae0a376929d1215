import { Redis } from 'ioredis'
import { afterAll } from 'vitest'
import { type ClientName, type Connected, clients, connect } from '../locks/node-peer.ts'

const url = process.env['REDIS_URL'] ?? ''
export const admin: Redis = new Redis(url)

/** Each client of Redis, for `describe.each`. */
export const connected: readonly (Connected & { readonly name: ClientName })[] = await Promise.all(
  clients.map(async (name) => ({ name, ...(await connect(name, url)) })),
)
afterAll(() => {
  for (const { end } of connected) end()
  admin.disconnect()
})

/** The fields of a job that has no state yet. */
export const GOOD = {
  Type: 'A.B, A',
  Method: 'Run',
  ParameterTypes: '[]',
  Arguments: '[]',
  CreatedAt: '1795906388247',
} as const
