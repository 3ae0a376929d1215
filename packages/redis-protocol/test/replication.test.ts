import { startRedis } from '@holdfast/test-support/redis'
import { afterAll, describe, expect, it } from 'vitest'
import { type DedicatedConnection, redisStorage } from '../src/index.ts'
import { openPlainClient } from './plain-client.ts'

const server = await startRedis()
afterAll(async () => await server.stop())

const never = <T>(): Promise<T> => new Promise(() => {})

/** What the first separate connection does; later ones of the storage work. */
const firstLinks: Readonly<Record<string, (link: DedicatedConnection) => Promise<DedicatedConnection>>> = {
  'is never opened': never,
  'never answers': async (link) => ({ ...link, send: never }),
}

describe.concurrent('a connection to wait for replicas on', () => {
  it.each(Object.entries(firstLinks))('is replaced when it %s', async (what, first) => {
    const client = await openPlainClient(server.port)
    let opened = 0
    const storage = redisStorage({
      ...client,
      async openConnection(events) {
        const link = await client.openConnection(events)
        return (opened += 1) === 1 ? await first(link) : link
      },
    })
    const acquire = async () =>
      await storage.leases.acquire(what, {
        token: 'one.1',
        leaseMs: 600_000,
        permits: 1,
        wait: false,
        claimMs: 60_000,
        notAfter: (await storage.time()) + 600_000,
        durability: { replicas: 0, timeoutMs: 1 },
      })
    await expect(acquire()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(await acquire()).toMatchObject({ outcome: 'granted', acknowledged: 0 })
    expect(opened).toBe(2)
    await storage.close()
  })
})
