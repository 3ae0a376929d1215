// Runs on every Node, in a project with an example of a README: does what a reader would do with what the example exports.
// Examples that are whole programs need no line here.
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

type Use = (exported: never) => Promise<void>

/** By the name of the package. Each prints what it saw, and leaves nothing open. */
export const uses: Readonly<Record<string, Use>> = {
  async '@holdfast/http'({ listener, holdfast, redis }: HttpExample) {
    const server = createServer(listener)
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    await orderTwice(`http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`)
    server.close()
    server.closeAllConnections()
    await holdfast.close()
    await redis.quit()
  },

  async '@holdfast/fastify'({ app, redis }: FastifyExample) {
    await orderTwice(`${await app.listen({ port: 0, host: '127.0.0.1' })}/orders`)
    await app.close()
    await redis.quit()
  },

  async '@holdfast/nest'({ AppModule, redis }: NestExample) {
    const { NestFactory } = (await import('@nestjs/core' as string)) as { NestFactory: NestFactory }
    const app = await NestFactory.create(AppModule, { logger: ['error'] })
    app.use((request, _response, next) => {
      request.user = { id: 'user-1' }
      next()
    })
    await app.listen(0, '127.0.0.1')
    await orderTwice(`${await app.getUrl()}/orders`)
    await app.close()
    await redis.quit()
  },

  async '@holdfast/hangfire-compat'({ reviewAlone }: HangfireExample) {
    const { Redis } = await import('ioredis')
    const redis = new Redis(process.env['REDIS_URL'] ?? '')
    let running = 0
    let most = 0
    const review = async (): Promise<void> => {
      most = Math.max(most, (running += 1))
      await redis.ping()
      running -= 1
    }
    await Promise.all([reviewAlone(redis, review), reviewAlone(redis, review)])
    assert.equal(most, 1)
    console.log('two reviews, one at a time')
    await redis.quit()
  },

  async '@holdfast/redis-protocol'({ smallestAdapter }: ProtocolExample) {
    const { Redis } = await import('ioredis')
    const { createHoldfast } = await import('@holdfast/core')
    const { redisStorage } = await import('@holdfast/redis-protocol')
    const redis = new Redis(process.env['REDIS_URL'] ?? '')
    const holdfast = createHoldfast({
      storage: redisStorage(smallestAdapter(redis)),
      prefix: `readme-${process.pid}`,
    })
    const token = await holdfast.locks.run('lock', async (lease) => lease.fencingToken)
    console.log(`a lock through the adapter, with the fencing token ${token}`)
    await holdfast.close()
    await redis.quit()
  },
}

/** The handler runs once: both requests get the same order. */
async function orderTwice(url: string): Promise<void> {
  const order = async (): Promise<{ status: number; text: string }> => {
    const answer = await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ cart: `cart-${process.pid}` }),
      headers: {
        'content-type': 'application/json',
        authorization: 'user-1',
        'idempotency-key': `order-${process.pid}-${process.version}`,
        connection: 'close',
      },
    })
    return { status: answer.status, text: await answer.text() }
  }
  const first = await order()
  assert.equal(first.status, 201, first.text)
  assert.deepEqual(await order(), first)
  console.log(`two requests, one order: ${first.text}`)
}

interface Closable {
  close(): Promise<unknown>
}

interface Client {
  quit(): Promise<unknown>
}

interface HttpExample {
  readonly listener: RequestListener
  readonly holdfast: Closable
  readonly redis: Client
}

interface FastifyExample {
  readonly app: Closable & { listen(options: object): Promise<string> }
  readonly redis: Client
}

interface NestFactory {
  create(module: never, options: object): Promise<NestApp>
}

interface NestApp extends Closable {
  use(middleware: (request: { user: unknown }, response: unknown, next: () => void) => void): void
  listen(port: number, host: string): Promise<unknown>
  getUrl(): Promise<string>
}

interface NestExample {
  readonly AppModule: never
  readonly redis: Client
}

interface HangfireExample {
  readonly reviewAlone: (redis: unknown, review: () => Promise<void>) => Promise<void>
}

interface ProtocolExample {
  readonly smallestAdapter: (client: unknown) => never
}
