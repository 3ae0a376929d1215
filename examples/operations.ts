import { subscribe } from 'node:diagnostics_channel'
import { type LockEvent, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis) })

// #region start
const { status, findings, error } = await holdfast.health()
if (status !== 'up') console.log(`send no traffic here, the storage is ${status}`, error?.message)
for (const { severity, code, message, fix } of findings) console.log(severity, code, message, fix)
// #endregion

// #region events
subscribe('holdfast:locks', (event) => {
  const { type, name } = event as LockEvent
  if (type === 'lost' || type === 'renewalFailed') console.log(`lock ${name}: ${type}`)
})
// #endregion

// #region stop
await holdfast.close({ graceMs: 10_000 })
await redis.quit()
// #endregion
