// #region app
import { holdfast, holdfastHealth, holdfastState } from '@holdfast/fastify'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import fastify from 'fastify'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
const app = fastify({ logger: true })

await app.register(holdfast, {
  storage: ioredisStorage(redis), // or nodeRedisStorage(client), or memoryStorage()
  prefix: 'shop',
  http: { scope: (request) => String(request.headers['x-tenant'] ?? 'nobody') },
})

app.post('/orders', { config: { idempotency: true } }, async (request, reply) => {
  const { cart } = request.body as { cart: string }
  const order = await app.holdfast.locks.run(`cart:${cart}`, () => place(cart))
  return reply.code(201).header('location', `/orders/${order.id}`).send(order)
})

await app.register(holdfastHealth)
await app.register(holdfastState, {
  prefix: '/ops',
  authorize: async (request, reply) => {
    if (request.headers.authorization !== `Bearer ${process.env.OPS_TOKEN}`) await reply.code(401).send()
  },
})
// #endregion

let placed = 0

async function place(cart: string): Promise<{ id: number; cart: string }> {
  placed += 1
  return { id: placed, cart }
}

export { app, redis }
