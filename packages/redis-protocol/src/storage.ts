import type { Storage } from '@holdfast/core'
import { endedWithLastUser } from '@holdfast/core/storage'
import type { RedisClient } from './client.ts'
import { NAMESPACE, createKeys } from './keys.ts'
import { withPlainReads } from './inspect/plain-reads.ts'
import { redisInvalidations } from './invalidations/redis-invalidations.ts'
import { redisLeases } from './leases/redis-leases.ts'
import { orderly } from './orderly.ts'
import { createPubSub } from './pub-sub.ts'
import { redisRecords } from './records/redis-records.ts'
import { batchScripts } from './script-batches.ts'
import { createScriptRunner } from './script.ts'
import { serverTime } from './time.ts'
import { redisValues } from './values/redis-values.ts'
import { verifyRedis } from './verify/verify-redis.ts'

/** How a storage over a client names its keys and times its calls. */
export interface RedisStorageOptions {
  /**
   * What every key and channel begins with: 1 to 64 letters, digits, `_`, `.` or `-`. For tests: the `prefix` of
   * `createHoldfast` separates apps on one server, and adapters leave this as it is.
   * @default 'holdfast'
   */
  readonly namespace?: string
  /**
   * `commands`: what only reads needs no right to run scripts, but is not one step: for people who look at what there is.
   * @default 'scripts'
   */
  readonly reads?: 'scripts' | 'commands'
}

/** The storage port on Redis, over the client library that is `adapted`. */
export function redisStorage(adapted: RedisClient, options: RedisStorageOptions = {}): Storage {
  const client = orderly(adapted)
  const { namespace = NAMESPACE, reads = 'scripts' } = options
  const keys = createKeys(namespace)
  const oneByOne = createScriptRunner(adapted)
  const scripts = client.cluster ? oneByOne : batchScripts(oneByOne, client.connection)
  const run = reads === 'commands' ? withPlainReads(client, scripts) : scripts
  const pubSub = createPubSub(client)
  const records = redisRecords(client, run, keys, pubSub)
  const leases = redisLeases(client, run, keys, pubSub)
  const invalidations = redisInvalidations(client, keys)
  const values = redisValues(client, run, keys, pubSub, invalidations, oneByOne)
  return {
    records,
    leases,
    values,
    connection: client.connection,
    time: () => serverTime(client),
    verify: (what = {}) => verifyRedis(client, { records, leases, values }, { namespace, ...what }),
    ...endedWithLastUser(() => {
      leases.close()
      pubSub.close()
      invalidations.close()
      client.detach()
    }),
  }
}
