// #region storage
import { createHoldfast } from '@holdfast/core'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { createClient } from 'redis'

const client = createClient({ url: process.env.REDIS_URL ?? 'redis://localhost:6379' }).on(
  'error',
  console.error,
)
await client.connect()
const holdfast = createHoldfast({ storage: nodeRedisStorage(client) })
// #endregion

console.log((await holdfast.health()).status)
await holdfast.close()
await client.close()
