import type { Storage } from '@holdfast/core'
import { redisStorage } from '@holdfast/redis-protocol'
import { nodeRedisClient } from './node-redis-client.ts'
import type { NodeRedisClient } from './node-redis-types.ts'

/**
 * A Holdfast storage on your node-redis client: what `createClient()`, `createClientPool()` or `createSentinel()` of
 * version 5 or 6 made, or `createCluster()` since 6.2. Connect it yourself; closing the storage leaves it open.
 *
 * Beside your client it opens, when first needed, one connection to subscribe on, and one to send writes on that wait
 * for replicas (in a cluster: one for each slot of those).
 *
 * @throws InvalidArgumentError for a client without `error` listener (the loss of a connection would end the process),
 * with `keyPrefix`, for an older cluster, or a client of ioredis.
 */
export function nodeRedisStorage(client: NodeRedisClient): Storage {
  return redisStorage(nodeRedisClient(client))
}
