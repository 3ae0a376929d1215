import { createHoldfast } from '@holdfast/core'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { createClient } from 'redis'

const client = createClient({ url: process.env.REDIS_URL ?? 'redis://localhost:6379' }).on(
  'error',
  console.error,
)
await client.connect()
const holdfast = createHoldfast({ storage: nodeRedisStorage(client) })

// One holder at a time, of all instances.
await holdfast.locks.run('stock:42', async (lease) => {
  console.log('mine, with the fencing token', lease.fencingToken)
})

await holdfast.close()
await client.close()
