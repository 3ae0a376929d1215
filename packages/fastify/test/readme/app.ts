// #region app
import { holdfast, holdfastHealth, holdfastState } from '@holdfast/fastify'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import fastify from 'fastify'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const app = fastify({ logger: true })

await app.register(holdfast, {
  storage: ioredisStorage(redis), // or nodeRedisStorage(client), or memoryStorage()
  prefix: 'shop',
  http: { scope: ({ user }) => user.id }, // who was authenticated, never what a client says of itself
})

// Your own authentication; it runs before every route, and before every replay.
app.addHook('onRequest', async (request) => {
  request.user = await authenticate(request.headers.authorization)
})

app.post('/orders', { config: { idempotency: true } }, async (request, reply) => {
  const { cart } = request.body as { cart: string }
  const order = await app.holdfast.locks.run(`cart:${cart}`, () => place(cart))
  return reply.code(201).header('location', `/orders/${order.id}`).send(order)
})

await app.register(holdfastHealth)
await app.register(holdfastState, {
  prefix: '/ops',
  authorize: ({ user }) => user.isOperator,
})
// #endregion

let placed = 0

async function place(cart: string): Promise<{ id: number; cart: string }> {
  placed += 1
  return { id: placed, cart }
}

interface User {
  readonly id: string
  readonly isOperator: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    user: User
  }
}

async function authenticate(token = ''): Promise<User> {
  return { id: token, isOperator: token === 'operator' }
}

export { app, redis }
