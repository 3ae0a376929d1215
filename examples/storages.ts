import { createHoldfast, memoryStorage } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

const url = process.env.REDIS_URL ?? 'redis://localhost:6379'
const ioredis = new Redis(url).on('error', console.error)
const nodeRedis = createClient({ url }).on('error', console.error)
await nodeRedis.connect()

// #region storages
const inMemory = createHoldfast({ storage: memoryStorage() })
const onIoredis = createHoldfast({ storage: ioredisStorage(ioredis) })
const onNodeRedis = createHoldfast({ storage: nodeRedisStorage(nodeRedis) })
// #endregion

const key = `swap-${process.pid}`
for (const holdfast of [inMemory, onIoredis, onNodeRedis]) {
  const { status, result } = await holdfast.idempotency.run('swap', key, () => 'the same')
  console.log(status, result)
  await holdfast.close()
}
await ioredis.quit()
await nodeRedis.close()
