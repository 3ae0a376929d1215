/** The app that `fastify.ts` measures: `fastify-server.ts memory|ioredis|redis`, with `REDIS_URL`. */
import { type Storage, memoryStorage } from '@holdfast/core'
import { holdfast } from '@holdfast/fastify'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

const url = process.env['REDIS_URL'] ?? ''
const storages: Readonly<Record<string, () => Promise<Storage>>> = {
  memory: async () => memoryStorage(),
  ioredis: async () => ioredisStorage(new Redis(url)),
  redis: async () => nodeRedisStorage(await createClient({ url }).on('error', console.error).connect()),
}
const storage = await storages[process.argv[2] ?? 'memory']?.()
if (storage === undefined) throw new Error('the storage is memory, ioredis or redis')

const app = fastify()
const prefix = `bench-${process.pid}`
await app.register(holdfast, { storage, prefix, http: { scope: 'global' } })
const order = { id: 7, items: ['a', 'b', 'c'], total: 1_299, currency: 'EUR' }
app.post('/bare', async (_request, reply) => reply.code(201).send(order))
// Kept briefly, so that a run of minutes does not fill the storage.
app.post('/first', { config: { idempotency: { retainMs: 10_000 } } }, async (_request, reply) =>
  reply.code(201).send(order),
)
app.post('/replay', { config: { idempotency: true } }, async (_request, reply) => reply.code(201).send(order))
app.post('/optional', { config: { idempotency: { required: false } } }, async (_request, reply) =>
  reply.code(201).send(order),
)
app.get('/cpu', async () => process.cpuUsage())
console.log(`listening ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
