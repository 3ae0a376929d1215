import { leasesWalk } from '@holdfast/core/testing'
import { Replicated } from '@holdfast/test-support/servers'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { redisStorage } from '../src/index.ts'
import { openPlainClient } from './plain-client.ts'

const servers = await Replicated.start({ replicas: 1 })
afterAll(async () => await servers.stop())

/** A replica passes on what its primary published, to subscribers that the primary does not count. */
leasesWalk({ describe, it, beforeAll, afterAll }, async () => {
  const [replica] = servers.replicas
  if (replica === undefined) throw new Error('there is no replica')
  const storage = redisStorage(await openPlainClient(servers.primary.port), { namespace: 'kit' })
  const elsewhere = redisStorage(await openPlainClient(replica.port), { namespace: 'kit' })
  return {
    storage,
    listenElsewhere: (process, onPush) => elsewhere.leases.listen(process, onPush),
    async close() {
      await storage.close()
      await elsewhere.close()
    },
  }
})
