import { type Storage, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { RESP_TYPES, createClient } from 'redis'
import { afterAll, expect, it, onTestFinished } from 'vitest'

const server = await startRedis()
afterAll(async () => await server.stop())

function overIoredis(client: Redis): Storage {
  client.on('error', () => {})
  onTestFinished(() => client.disconnect())
  return ioredisStorage(client)
}

const everythingElse = {
  [RESP_TYPES.BLOB_STRING]: Buffer,
  [RESP_TYPES.SIMPLE_STRING]: Buffer,
  [RESP_TYPES.VERBATIM_STRING]: Buffer,
  [RESP_TYPES.NUMBER]: String,
} as const

async function overNodeRedis(RESP: 2 | 3): Promise<Storage> {
  const client = createClient({ url: server.url, RESP, commandOptions: { typeMapping: everythingElse } })
  await client.on('error', () => {}).connect()
  onTestFinished(() => client.destroy())
  return nodeRedisStorage(client)
}

const settings: Readonly<Record<string, () => Storage | Promise<Storage>>> = {
  'ioredis, numbers as text': () => overIoredis(new Redis({ port: server.port, stringNumbers: true })),
  'ioredis, RESP3 and its maps': () =>
    overIoredis(new Redis({ port: server.port, protocol: 3, replyMapping: 'resp3', stringNumbers: true })),
  'ioredis, automatic pipelines': () =>
    overIoredis(new Redis({ port: server.port, enableAutoPipelining: true })),
  'redis, RESP2 and Buffers': () => overNodeRedis(2),
  'redis, RESP3 and Buffers': () => overNodeRedis(3),
}

it.each(Object.entries(settings))(
  'all facets work over a client that maps replies: %s',
  async (name, open) => {
    const storage = await open()
    await using holdfast = createHoldfast({ storage, callTimeoutMs: 20_000 })
    expect(await holdfast.health()).toMatchObject({ status: 'up', error: null })
    const { locks, idempotency, cache } = holdfast
    const held = await locks.acquire(name)
    const next = locks.acquire(name)
    await expect.poll(async () => (await locks.inspect(name)).waiting).toBe(1)
    await held.release()
    await (await next).release()
    await expect(
      locks.tryAcquire(`${name} counted`, { durability: { replicas: 1, timeoutMs: 1 } }),
    ).rejects.toMatchObject({ code: 'NOT_REPLICATED' })
    await idempotency.run('job', name, () => ({ one: 1 }))
    expect((await idempotency.waitForCompletion('job', name))?.result).toEqual({ one: 1 })
    expect((await idempotency.list('job')).executions.length).toBeGreaterThan(0)
    await cache.set(name, 1)
    expect(await cache.get(name)).toBe(1)
    expect(await cache.remove(name)).toBe(1)
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    await storage.values.set(name, bytes, 60_000, Infinity)
    const [found] = await storage.values.getManyBytes([name])
    expect(Uint8Array.from(found ?? []).slice(13)).toEqual(bytes)
    expect(await storage.values.getHead(name, 14)).toMatch(/^\d{13}\0$/)
  },
)
