import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { holdfast, holdfastHealth } from '@holdfast/fastify'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import fastify from 'fastify'
import { Redis } from 'ioredis'

const instance = process.env.INSTANCE ?? hostname()
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', (error) => console.error(error.message))
const app = fastify()

await app.register(holdfast, {
  storage: ioredisStorage(redis),
  prefix: 'shop',
  instance,
  http: {
    scope: 'global', // where callers log in: ({ user }) => user.id
    wait: { maxMs: 10_000 }, // a duplicate waits for the answer; without this line it gets 409
  },
})
await app.register(holdfastHealth)

app.post('/orders', { config: { idempotency: true } }, async (request, reply) => {
  console.log(`${instance} places the order`)
  await delay(1_000) // your work
  return reply.code(201).send({ order: randomUUID(), placedBy: instance })
})

await app.listen({ port: Number(process.env.PORT ?? 3000), host: '0.0.0.0' })
console.log(`${instance} listens`)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await app.close()
    await redis.quit()
  })
}
