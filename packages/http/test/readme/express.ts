import type { RequestListener } from 'node:http'
// #region app
import { createHoldfast } from '@holdfast/core'
import { idempotent } from '@holdfast/http'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import express, { type Request, type Response } from 'express'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop' })

const app = express()
app.use(authenticate) // before every handler, and before every replay
app.use(express.json())

const http = {
  holdfast,
  scope: (request: Request) => userOf(request).id, // who was authenticated, never what a client says of itself
}

app.post(
  '/orders',
  idempotent(http, async (request: Request, response: Response) => {
    const order = await place(request.body as { cart: string })
    response.status(201).location(`/orders/${order.id}`).json(order)
  }),
)
// #endregion

interface User {
  readonly id: string
}

const users = new WeakMap<Request, User>()

function authenticate(request: Request, response: Response, next: () => void): void {
  const { authorization = '' } = request.headers
  users.set(request, { id: authorization })
  if (authorization === '') response.sendStatus(401)
  else next()
}

function userOf(request: Request): User {
  const user = users.get(request)
  if (user === undefined) throw new Error('not authenticated')
  return user
}

let placed = 0

async function place({ cart }: { cart: string }): Promise<{ id: number; cart: string }> {
  placed += 1
  return { id: placed, cart }
}

export const listener: RequestListener = app
export { holdfast, redis }
