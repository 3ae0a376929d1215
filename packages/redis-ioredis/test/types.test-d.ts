/** Compiled, never run: every ioredis client of the supported versions is one that `ioredisStorage` takes. */
import type * as ioredis from 'ioredis'
import type * as ioredis5 from 'ioredis5'
import { type IoredisClient, type IoredisCluster, type IoredisSingle, ioredisStorage } from '../src/index.ts'

declare const clients: {
  readonly single: ioredis.Redis | ioredis5.Redis
  readonly cluster: ioredis.Cluster | ioredis5.Cluster
  readonly either: ioredis.Redis | ioredis.Cluster | ioredis5.Redis | ioredis5.Cluster
}

ioredisStorage(clients.single)
ioredisStorage(clients.cluster)
clients.single satisfies IoredisSingle
clients.cluster satisfies IoredisCluster
clients.either satisfies IoredisClient

// @ts-expect-error A client of another library is none.
ioredisStorage({ sendCommand: () => Promise.resolve('OK') })
// @ts-expect-error Options are checked.
ioredisStorage(clients.single, { keyPrefix: 'app:' })
