import { setTimeout as delay } from 'node:timers/promises'
import { type Request, type Response, load } from './express.ts'
import { KEPT_HEADERS, type Peer, tenantOf } from './peer.ts'

interface Params {
  readonly method: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly path: string
  readonly body: unknown
  readonly options: object
}

interface Kept {
  readonly body?: string
  readonly additional?: { readonly status: number; readonly headers: Record<string, string | string[]> }
}

interface Core {
  Idempotency: new (
    storage: unknown,
    options: object,
  ) => {
    onRequest(request: Params): Promise<Kept | undefined>
    onResponse(request: Params, response: Kept): Promise<void>
  }
}

interface StorageModule {
  RedisStorageAdapter: new (options: object) => { connect(): Promise<void> }
}

/** The statuses that its own plugins give. */
const REFUSALS: Readonly<Record<string, number>> = {
  IDEMPOTENCY_KEY_MISSING: 400,
  IDEMPOTENCY_KEY_LEN_EXEEDED: 400,
  REQUEST_IN_PROGRESS: 409,
  IDEMPOTENCY_FINGERPRINT_MISSMATCH: 422,
}

/** An answer does not wait longer for being recorded. */
const RECORD_MS = 1_000

/** Its core, called as its README and its plugins do; what becomes of statuses, headers and bytes is the app's. */
export const nodeIdempotency: Peer = {
  async connect(redisUrl) {
    const { Idempotency } = await load<Core>('@node-idempotency/core')
    const { RedisStorageAdapter } = await load<StorageModule>('@node-idempotency/storage-adapter-redis')
    const storage = new RedisStorageAdapter({ url: redisUrl })
    await storage.connect()
    return (name, { options }, handle) => {
      const { required = true, header = 'idempotency-key', retainMs = 86_400_000, wait } = options
      const idempotency = new Idempotency(storage, {
        enforceIdempotency: required,
        idempotencyKey: header,
        keyMaxLength: 255,
        cacheTTLMS: retainMs,
        ...(wait === undefined ? {} : { inProgressStrategy: { wait: true, maxWaitMs: wait.maxMs } }),
      })
      const paramsOf = (request: Request): Params => {
        const eventId = (request.body as { eventId?: string } | undefined)?.eventId
        return {
          method: request.method,
          path: request.originalUrl,
          headers: name === 'webhook' ? { 'idempotency-key': eventId } : request.headers,
          body: request.body,
          options: { cacheKeyPrefix: tenantOf(request) },
        }
      }
      return [
        async (request, response, next) => {
          const params = paramsOf(request)
          try {
            const kept = await idempotency.onRequest(params)
            if (kept !== undefined) return replay(response, kept)
          } catch (error) {
            const status = REFUSALS[(error as { code?: string }).code ?? '']
            if (status === undefined) return next(error)
            return response.status(status).json({ error: (error as Error).message })
          }
          keepWhatEnds(response, (kept) => idempotency.onResponse(params, kept))
          try {
            await handle(request, response)
          } catch (error) {
            next(error)
          }
        },
      ]
    }
  },
}

function replay(response: Response, { body = '', additional }: Kept): void {
  const { status = 200, headers = {} } = additional ?? {}
  response.status(status).set(headers)
  if (body === '') response.end()
  else response.send(Buffer.from(body, 'base64'))
}

/** An answer that is given as a whole is kept before it leaves. A stream has left by then. */
function keepWhatEnds(response: Response, keep: (kept: Kept) => Promise<void>): void {
  const end = response.end.bind(response) as (chunk?: unknown) => Response
  const intercepted = (chunk?: unknown): Response => {
    if (response.headersSent) return end(chunk)
    const bytes = Buffer.from(chunk === undefined || typeof chunk === 'function' ? '' : (chunk as string))
    const headers = Object.fromEntries(
      Object.entries(response.getHeaders()).filter(([name]) => KEPT_HEADERS.includes(name)),
    ) as Record<string, string | string[]>
    const kept = { body: bytes.toString('base64'), additional: { status: response.statusCode, headers } }
    const recorded = keep(kept).catch(() => undefined)
    void Promise.race([recorded, delay(RECORD_MS)]).then(() => end(bytes))
    return response
  }
  response.end = intercepted as typeof response.end
}
