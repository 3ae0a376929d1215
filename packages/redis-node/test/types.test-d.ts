/** Compiled, never run: every node-redis client of the supported versions is one that `nodeRedisStorage` takes. */
import * as redis from 'redis'
import * as redis5 from 'redis5'
import { type NodeRedisClient, nodeRedisStorage } from '../src/index.ts'

const fitting = [
  redis.createClient(),
  redis.createClient({ RESP: 2 }),
  redis.createClient({
    RESP: 3,
    commandOptions: { typeMapping: { [redis.RESP_TYPES.BLOB_STRING]: Buffer } },
  }),
  redis.createClientPool(),
  redis.createClient().createPool(),
  redis.createSentinel({ name: 'primary', sentinelRootNodes: [] }),
  redis.createCluster({ rootNodes: [] }),
  redis5.createClient(),
  redis5.createClient({ RESP: 3 }),
  redis5.createClientPool(),
  redis5.createSentinel({ name: 'primary', sentinelRootNodes: [] }),
] as const
fitting satisfies readonly NodeRedisClient[]
nodeRedisStorage(fitting[0])

// @ts-expect-error A cluster of version 5 does not recover from the loss of a master.
nodeRedisStorage(redis5.createCluster({ rootNodes: [] }))
// @ts-expect-error A client of another library is none.
nodeRedisStorage({ call: () => Promise.resolve('OK') })
// @ts-expect-error Options are checked.
nodeRedisStorage(fitting[0], { keyPrefix: 'app:' })
