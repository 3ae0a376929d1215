import type { Storage } from '@holdfast/core'
import { redisStorage } from '@holdfast/redis-protocol'
import { ioredisClient } from './ioredis-client.ts'
import type { IoredisClient } from './ioredis-types.ts'

/**
 * A Holdfast storage on your ioredis client, version 5 or 6: `new Redis(…)` (with `sentinels` or without) or
 * `new Cluster(…)`. Closing the storage leaves the client open.
 *
 * Beside your client it opens, when first needed, one connection to subscribe on, and one to send writes on that wait
 * for replicas (in a cluster: one for each slot of those).
 *
 * @throws InvalidArgumentError for a client with `keyPrefix` or `scaleReads`.
 */
export function ioredisStorage(client: IoredisClient): Storage {
  return redisStorage(ioredisClient(client))
}
