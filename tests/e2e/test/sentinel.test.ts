import { randomUUID } from 'node:crypto'
import { type Storage, createHoldfast } from '@holdfast/core'
import { Followed } from '@holdfast/core/testing'
import { type IoredisClient, ioredisStorage } from '@holdfast/redis-ioredis'
import { type NodeRedisClient, nodeRedisStorage } from '@holdfast/redis-node'
import { SentinelGroup } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { createSentinel } from 'redis'
import { createSentinel as createSentinel5 } from 'redis5'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'

const servers = await SentinelGroup.start()
afterAll(async () => await servers.stop())

/** A storage, and what ends the client below it. */
interface Opened {
  readonly storage: Storage
  end(): unknown
}

function overIoredis(client: IoredisClient & { disconnect(): void }): Opened {
  client.on('error', () => {})
  return { storage: ioredisStorage(client), end: () => client.disconnect() }
}

async function overNodeRedis(
  client: NodeRedisClient & { connect(): Promise<unknown>; close(): Promise<unknown> },
): Promise<Opened> {
  client.on('error', () => {})
  await client.connect()
  return { storage: nodeRedisStorage(client), end: () => client.close() }
}

const ioredis = { name: servers.name, sentinels: [...servers.sentinels] }
// Without `scanInterval` node-redis misses every other failover.
const nodeRedis = { name: servers.name, sentinelRootNodes: [...servers.sentinels], scanInterval: 500 }
const clients: Readonly<Record<string, () => Opened | Promise<Opened>>> = {
  'ioredis 6': () => overIoredis(new Redis(ioredis)),
  'ioredis 5': () => overIoredis(new Redis5(ioredis)),
  'redis 6': () => overNodeRedis(createSentinel(nodeRedis)),
  'redis 5': () => overNodeRedis(createSentinel5(nodeRedis)),
}

describe.for(Object.entries(clients))('%s, with sentinels', ([name, connect]) => {
  /** Closed when the test is over. */
  const open = async (): Promise<Storage> => {
    const { storage, end } = await connect()
    onTestFinished(async () => {
      await storage.close()
      await end()
    })
    return storage
  }

  it('works, and works again after a failover', async () => {
    const storage = await open()
    const { idempotency } = createHoldfast({ storage, callTimeoutMs: 20_000 })
    const key = { collection: 'watched', id: name }
    let hints = 0
    await storage.records.subscribe(key, () => (hints += 1))
    const followed = new Followed(storage.values, `near ${name}:`, 1_000)
    onTestFinished(() => followed.stop())
    await followed.up()

    expect((await idempotency.run('job', `before ${name}`, () => 1)).status).toBe('executed')
    await servers.failOver()
    // Calls wait for the new primary, as long as their deadline allows.
    await expect.poll(async () => (await idempotency.run('job', `after ${name}`, () => 1)).result).toBe(1)

    // Hints arrive again, no matter whether the subscription was restored or moved.
    const before = hints
    const rewrite = async (): Promise<number> => {
      const write = { writeId: randomUUID(), value: '', ttlMs: 10_000, notify: true }
      const { entry } = await storage.records.put(key, null, write)
      if (entry !== null) await storage.records.compareAndDelete(key, { rev: entry.rev })
      return hints
    }
    await expect.poll(rewrite).toBeGreaterThan(before)
    await idempotency.close()

    // Copies from before the failover are void, and changes are reported again.
    await followed.down()
    await followed.up(1)
    const told = followed.times(`near ${name}:a`)
    await storage.values.set(`near ${name}:a`, 'value', 60_000, Infinity)
    await followed.invalidated(`near ${name}:a`, told + 1)
  })

  it('reports that a subscription was interrupted, and restores it', async () => {
    const storage = await open()
    const key = { collection: 'interrupted', id: name }
    const write = { writeId: 'first', value: '', ttlMs: 60_000, notify: true }
    let { entry } = await storage.records.put(key, null, write)
    let hints = 0
    await storage.records.subscribe(key, () => (hints += 1))
    const hinted = async (): Promise<void> => {
      const before = hints
      await expect.poll(() => hints).toBeGreaterThan(before)
    }
    const primary = await servers.primary()
    for (const writeId of ['first-loss', 'second-loss']) {
      const told = hinted()
      await primary.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await told
      const arrives = hinted()
      ;({ entry } = await storage.records.put(key, entry?.rev ?? 0, { ...write, writeId }))
      await arrives
    }
  })

  it('voids copies when the connection that reads breaks, though it leads to the same primary again', async () => {
    const storage = await open()
    const followed = new Followed(storage.values, `read ${name}:`, 30_000)
    onTestFinished(() => followed.stop())
    await followed.up()
    const primary = await servers.primary()
    for (let losses = 1; losses <= 2; losses += 1) {
      await primary.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await followed.down(losses)
      await followed.up(losses)
    }
    const told = followed.times(`read ${name}:a`)
    await storage.values.set(`read ${name}:a`, 'value', 60_000, Infinity)
    await followed.invalidated(`read ${name}:a`, told + 1)
  })

  it('stores bytes and returns them', async () => {
    const { values } = await open()
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    await values.set(`bytes ${name}`, bytes, 60_000, Infinity)
    const [found, none] = await values.getManyBytes([`bytes ${name}`, `nothing ${name}`])
    expect(Uint8Array.from(found ?? []).slice(13)).toEqual(bytes)
    expect(none).toBe(null)
  })

  it('hands a lock over, and waits until the replica has it', async () => {
    const holdfasts = [
      createHoldfast({ storage: await open(), callTimeoutMs: 20_000 }),
      createHoldfast({ storage: await open(), callTimeoutMs: 20_000 }),
    ] as const
    onTestFinished(async () => void (await Promise.all(holdfasts.map((each) => each.close()))))
    const durability = { replicas: 1, timeoutMs: 60_000 }
    const held = await holdfasts[0].locks.acquire(`lock ${name}`, { durability })
    const waiting = holdfasts[1].locks.acquire(`lock ${name}`, { durability, waitMs: 60_000 })
    await expect.poll(async () => (await holdfasts[0].locks.inspect(`lock ${name}`)).waiting).toBe(1)
    expect(await held.release()).toBe('released')
    const next = await waiting
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken)
    expect(await next.release()).toBe('released')
  })
})
