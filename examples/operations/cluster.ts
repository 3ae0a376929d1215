import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'

// #region settings
// Some of the nodes: the client asks them for the others.
const nodes = (process.env.REDIS_NODES ?? 'localhost:6379')
  .split(',')
  .map((address) => new URL(`redis://${address}`))
const seeds = nodes.map(({ hostname, port }) => ({ host: hostname, port: Number(port) }))
const login = { username: 'holdfast', password: process.env.REDIS_PASSWORD ?? 'change-me' }
// #endregion

// #region ioredis
const ioredis = new Cluster(seeds, { redisOptions: login })
ioredis.on('error', console.error)
// #endregion

// #region node-redis
const nodeRedis = createCluster({ rootNodes: seeds.map((socket) => ({ socket })), defaults: login })
nodeRedis.on('error', console.error)
await nodeRedis.connect()
// #endregion

for (const storage of [ioredisStorage(ioredis), nodeRedisStorage(nodeRedis)]) {
  await using holdfast = createHoldfast({ storage })
  await holdfast.locks.run('in a cluster', () => console.log('locked'))
}
await ioredis.quit()
await nodeRedis.close()
