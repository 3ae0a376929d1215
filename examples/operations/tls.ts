import { readFileSync } from 'node:fs'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

// #region settings
const url = process.env.REDIS_URL ?? 'rediss://holdfast:change-me@localhost:6379'
// The certificate of the authority that signed the server's.
const ca = readFileSync(process.env.REDIS_CA ?? '/etc/redis/tls/ca.crt')
// #endregion

// #region ioredis
const ioredis = new Redis(url, { tls: { ca } })
ioredis.on('error', console.error)
// #endregion

// #region node-redis
const nodeRedis = createClient({ url, socket: { tls: true, ca } }).on('error', console.error)
await nodeRedis.connect()
// #endregion

for (const storage of [ioredisStorage(ioredis), nodeRedisStorage(nodeRedis)]) {
  await using holdfast = createHoldfast({ storage })
  await holdfast.locks.run('over TLS', () => console.log('locked'))
}
await ioredis.quit()
await nodeRedis.close()
