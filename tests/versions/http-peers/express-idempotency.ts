import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { type Middleware, type Request, load } from './express.ts'
import { type Peer, isKept } from './peer.ts'

interface Service {
  readonly provideMiddlewareFunction: Middleware
  isHit(request: Request): boolean
  reportError(request: Request): Promise<void>
}

interface ExpressIdempotency {
  IdempotencyService: new (options: {
    idempotencyKeyHeader?: string
    dataAdapter: unknown
    responseValidator: { isValidForPersistence(response: { statusCode: number }): boolean }
    intentValidator: { isValidIntent(request: Request, first: StoredRequest): boolean }
  }) => Service
}

type StoredRequest = Pick<Request, 'method' | 'headers' | 'query' | 'body'> & { readonly url: string }

interface RedisClient {
  on(event: 'error', listener: () => void): RedisClient
  connect(): Promise<unknown>
}

/** With its hooks: the standard replay policy, and the tenant is compared, too. */
export const expressIdempotency: Peer = {
  async connect(redisUrl) {
    const { IdempotencyService } = await load<ExpressIdempotency>('express-idempotency')
    const name = 'express-idempotency-redis-adapter'
    const adapter = await load<{ default: new (options: object) => unknown }>(name)
    // The client that the adapter brings, with a listener: without one a lost connection ends the process.
    const its = createRequire(createRequire(import.meta.url).resolve(name))
    const { createClient } = its('@redis/client') as { createClient(options: object): RedisClient }
    const connectionInstance = createClient({ url: redisUrl }).on('error', () => undefined)
    await connectionInstance.connect()
    return (route, { options }, handle) => {
      const service = new IdempotencyService({
        ...(options.header === undefined ? {} : { idempotencyKeyHeader: options.header }),
        dataAdapter: new adapter.default({
          connectionInstance,
          ...(options.retainMs === undefined ? {} : { ttl: options.retainMs / 1_000 }),
        }),
        responseValidator: {
          isValidForPersistence: ({ statusCode }) =>
            route === 'stripe' || (route === 'success' ? statusCode < 300 : isKept(statusCode)),
        },
        intentValidator: {
          isValidIntent: (request, first) =>
            request.originalUrl === first.url &&
            request.method === first.method &&
            request.headers['x-tenant'] === first.headers['x-tenant'] &&
            isDeepStrictEqual(plain(request.body), first.body),
        },
      })
      return [
        service.provideMiddlewareFunction,
        async (request, response, next) => {
          if (service.isHit(request)) return
          try {
            await handle(request, response)
          } catch (error) {
            const { status = 500 } = error as { status?: number }
            if (!response.headersSent && !isKept(status)) await service.reportError(request)
            next(error)
          }
        },
      ]
    }
  },
}

/** As it is when it has been stored. */
const plain = (body: unknown): unknown =>
  body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as unknown)
