import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

// #region open
const { REDIS_URL = 'redis://localhost:6379', HOLDFAST_PREFIX = 'shop' } = process.env
const { LEASE_MS = '30000', CALL_TIMEOUT_MS = '2000' } = process.env
const leaseMs = Number(LEASE_MS)

export const redis = new Redis(REDIS_URL)
redis.on('error', (error) => console.error('Redis:', error.message))

export const holdfast = createHoldfast({
  storage: ioredisStorage(redis),
  prefix: HOLDFAST_PREFIX,
  callTimeoutMs: Number(CALL_TIMEOUT_MS),
  locks: { leaseMs },
  idempotency: { leaseMs },
})

/** Aborts the signals of what runs, waits for it at most ten seconds, and closes the connection. */
export async function close(): Promise<void> {
  await holdfast.close({ graceMs: 10_000 })
  redis.disconnect()
}
// #endregion
