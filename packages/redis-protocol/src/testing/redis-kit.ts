import type { Storage } from '@holdfast/core'
import { type KitOptions, type StorageUnderTest, type TestRunner, storageKit } from '@holdfast/core/testing'
import { mastersOf } from '../client.ts'
import { redisStorage } from '../storage.ts'
import { connectionsKit } from './connections-kit.ts'
import { indexKit } from './index-kit.ts'
import { redisInvalidationsKit } from './redis-invalidations-kit.ts'
import { redisNativesKit } from './redis-natives-kit.ts'
import { redisRecordsKit } from './redis-records-kit.ts'
import { redisValuesKit } from './redis-values-kit.ts'
import type { OpenRedis, OpenUser } from './redis-under-test.ts'
import { scriptsKit } from './scripts-kit.ts'

/**
 * Holds an adapter of a Redis client against all that the storage port promises, and against what only Redis can do
 * wrong: scripts that are gone, prefixes, commands that were sent again, keys without a time to live, connections that
 * break. `open` is called for each group of tests. Give it a server that has no other users: the kit ends the
 * connections of all its clients, and with `outOfMemory` sets its `maxmemory` to 1, and to 0 afterwards.
 */
export function redisKit(runner: TestRunner, open: OpenUser, options: KitOptions = {}): void {
  const asStorage = async (): Promise<StorageUnderTest> => {
    const { client, admin = client, close } = await open()
    const storage = await storageOfUsers(open, close)
    const limitMemory = async (maxmemory: string): Promise<void> => {
      for (const master of await mastersOf(admin))
        await master.send(['CONFIG', 'SET', 'maxmemory', maxmemory])
    }
    return {
      storage,
      async exhaustMemory() {
        await limitMemory('1')
        return async () => await limitMemory('0')
      },
      close: () => storage.close(),
    }
  }
  storageKit(runner, asStorage, { invalidations: true, ...options })

  for (const group of [
    scriptsKit,
    redisRecordsKit,
    redisValuesKit,
    redisNativesKit,
    indexKit,
    connectionsKit,
    redisInvalidationsKit,
  ]) {
    let opened: (OpenRedis & { close(): Promise<void> }) | undefined
    group(
      {
        ...runner,
        describe: (name, body) =>
          runner.describe(name, () => {
            runner.beforeAll(async () => {
              const under = await open()
              const storage = redisStorage(under.client, { namespace: 'kit' })
              const { client, admin = client } = under
              opened = { client, admin, storage, close: () => under.close() }
            })
            runner.afterAll(async () => {
              await opened?.storage.close()
              await opened?.close()
            })
            body()
          }),
      },
      () => {
        if (opened === undefined) throw new Error('the client is used outside of a test')
        return opened
      },
      open,
    )
  }
}

/** A storage each facet of which goes over a client of its feature's user. */
async function storageOfUsers(open: OpenUser, close: () => Promise<void>): Promise<Storage> {
  const opened = await Promise.all([open('locks'), open('idempotency'), open('cache')])
  const storages = opened.map(({ client }) => redisStorage(client, { namespace: 'kit' }))
  const [{ leases }, { records }, ofCache] = storages as [Storage, Storage, Storage]
  return {
    ...ofCache,
    leases,
    records,
    async close() {
      await Promise.all(storages.map((each) => each.close()))
      await Promise.all(opened.map((each) => each.close()))
      await close()
    },
  }
}
