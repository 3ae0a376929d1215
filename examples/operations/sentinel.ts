import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { createSentinel } from 'redis'

// #region settings
const addresses = (process.env.SENTINELS ?? 'localhost:26379')
  .split(',')
  .map((address) => new URL(`redis://${address}`))
const sentinels = addresses.map(({ hostname, port }) => ({ host: hostname, port: Number(port) }))
// Of the user at the primary and at its replicas.
const login = { username: 'holdfast', password: process.env.REDIS_PASSWORD ?? 'change-me' }
// #endregion

// #region ioredis
const ioredis = new Redis({ name: 'holdfast', sentinels, ...login })
ioredis.on('error', console.error)
// #endregion

// #region node-redis
const nodeRedis = createSentinel({
  name: 'holdfast',
  sentinelRootNodes: sentinels,
  nodeClientOptions: login,
  // Without it node-redis misses every other failover.
  scanInterval: 500,
}).on('error', console.error)
await nodeRedis.connect()
// #endregion

for (const storage of [ioredisStorage(ioredis), nodeRedisStorage(nodeRedis)]) {
  await using holdfast = createHoldfast({ storage })
  await holdfast.locks.run('found by sentinels', () => console.log('locked'))
}
await ioredis.quit()
await nodeRedis.close()
