import { Writable } from 'node:stream'
import { memoryStorage } from '@holdfast/core'
import { redisStorages } from '@holdfast/test-http-conformance/targets'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { RedisNode } from '@holdfast/test-support/servers'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { holdfast, holdfastHealth } from '../src/index.ts'

const redisUrl = process.env['REDIS_URL'] ?? ''

test.each(['ioredis', 'redis'] as const)(
  'through %s: a lost connection is logged, health says down, the client is left open',
  async (name) => {
    const proxy = await FaultProxy.start({ target: { port: Number(new URL(redisUrl).port) } })
    const opened = await redisStorages[name](proxy.url)
    const { storage } = opened
    const lines: string[] = []
    const stream = new Writable({
      write(line: Buffer, _encoding, done) {
        const { holdfast: event } = JSON.parse(line.toString()) as { holdfast?: string }
        if (event !== undefined) lines.push(event)
        done()
      },
    })
    const app = fastify({ logger: { stream } })
    await app.register(holdfast, { storage, callTimeoutMs: 1_000 })
    await app.register(holdfastHealth, { path: '/up' })
    await expect.poll(() => app.holdfast.connection.state).toBe('ready')
    lines.length = 0
    await expect.poll(async () => (await app.inject({ url: '/up' })).statusCode).toBe(200)

    await proxy.refuse()
    proxy.reset()
    await expect.poll(() => lines).toEqual(['lost', 'reconnecting'])
    const down = await app.inject({ url: '/up' })
    expect(down.statusCode).toBe(503)
    expect(down.json()).toMatchObject({ status: 'down', connection: 'down', roundTripMs: null })

    await proxy.heal()
    await expect.poll(() => lines).toEqual(['lost', 'reconnecting', 'ready'])
    await expect.poll(async () => (await app.inject({ url: '/up' })).statusCode).toBe(200)

    await app.close()
    // Closing Holdfast ended what it opened itself; the client is whose who made it.
    expect(storage.connection.state).toBe('ready')
    await opened.end()
    await proxy.stop()
  },
)

test('health that was asked before the client was connected tells of the connection that it waited for', async () => {
  const redis = new Redis(redisUrl)
  const app = fastify()
  await app.register(holdfast, { storage: ioredisStorage(redis), callTimeoutMs: 60_000 })
  expect(app.holdfast.connection.state).toBe('down')
  expect(await app.holdfast.health()).toMatchObject({ status: 'up', connection: 'ready' })
  await app.close()
  redis.disconnect()
})

test('health on a server that refuses all work answers 503, and 200 again afterwards', async () => {
  await using node = await RedisNode.start()
  const redis = new Redis(node.url)
  const app = fastify()
  await app.register(holdfast, { storage: ioredisStorage(redis), callTimeoutMs: 60_000 })
  await app.register(holdfastHealth)
  const ask = async () => await app.inject({ url: '/health' })
  expect((await ask()).statusCode).toBe(200)
  await node.ask('REPLICAOF', '127.0.0.1', 1)
  const refused = await ask()
  expect([refused.statusCode, refused.json()]).toMatchObject([503, { status: 'degraded' }])
  await node.ask('REPLICAOF', 'NO', 'ONE')
  expect((await ask()).statusCode).toBe(200)
  await app.close()
  redis.disconnect()
})

test('health with a cache storage that refuses all work answers 200, shows it and logs why', async () => {
  const finding = {
    code: 'REPLICA',
    severity: 'error',
    message: 'It is a replica.',
    fix: 'Connect.',
  } as const
  const verify = async () => [{ ...finding, stopsWork: true, stopsCache: true }]
  const logged: string[] = []
  const app = fastify({ logger: { level: 'warn', stream: { write: (line) => void logged.push(line) } } })
  await app.register(holdfast, {
    storage: memoryStorage(),
    cacheStorage: { ...memoryStorage(), verify },
  })
  await app.register(holdfastHealth)
  const shown = await app.inject({ url: '/health' })
  expect([shown.statusCode, shown.json()]).toMatchObject([
    200,
    { status: 'up', findings: [{ code: 'CACHE_REPLICA', stopsWork: false, stopsCache: true }] },
  ])
  expect(logged.join('')).toContain('Of cacheStorage: It is a replica.')
  await app.close()
})
