import type { Redis } from 'ioredis'

/** Of all jobs that Redis has. */
export async function jobIds(admin: Redis, prefix: string): Promise<readonly string[]> {
  const keys = await admin.keys(`${prefix}job:*`)
  const ids = keys.map((key) => key.slice(`${prefix}job:`.length))
  return ids.filter((id) => !id.includes(':'))
}
