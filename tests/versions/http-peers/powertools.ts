import { type Instruction, askWitness, blockEventLoop } from '@holdfast/test-http-conformance'
import { type Request, load } from './express.ts'
import { KEPT_HEADERS, type Peer, isKept, keyOf, tenantOf } from './peer.ts'
import { unserializable } from './perform.ts'

/** A result as Lambda handlers give it. */
interface Result {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly base64: string
}

interface Config {
  registerLambdaContext(context: { getRemainingTimeInMillis(): number }): void
}

interface Powertools {
  makeIdempotent(
    work: (event: { readonly id: string | undefined }) => Promise<Result>,
    options: { persistenceStore: unknown; config: Config },
  ): (event: { readonly id: string | undefined }) => Promise<Result>
  IdempotencyConfig: new (options: object) => Config
}

interface CacheModule {
  CachePersistenceLayer: new (options: { client: unknown }) => unknown
}

interface ClientModule {
  createClient(options: object): {
    on(event: 'error', listener: () => void): void
    connect(): Promise<unknown>
  }
}

const REFUSALS: Readonly<Record<string, number>> = {
  IdempotencyKeyError: 400,
  IdempotencyAlreadyInProgressError: 409,
  IdempotencyItemAlreadyExistsError: 409,
  IdempotencyInconsistentStateError: 409,
  IdempotencyValidationError: 422,
}

/** The answer is not to be kept: what is thrown is forgotten, by its documentation. */
class NotKept extends Error {
  readonly result: Result

  constructor(result: Result) {
    super('not kept')
    this.result = result
  }
}

/**
 * Made for Lambda; here behind Express, with the deadline of a Lambda context. Bodies are not compared: with
 * `payloadValidationJmesPath` over this store every retry is refused, for the finished record has no hash.
 */
export const powertools: Peer = {
  async connect(redisUrl) {
    const { makeIdempotent, IdempotencyConfig } = await load<Powertools>('@aws-lambda-powertools/idempotency')
    const { CachePersistenceLayer } = await load<CacheModule>('@aws-lambda-powertools/idempotency/cache')
    const { createClient } = await load<ClientModule>('@redis/client')
    const client = createClient({ url: redisUrl })
    client.on('error', () => undefined)
    await client.connect()
    return (name, { options }) => {
      const { required = true, header, retainMs = 86_400_000, leaseMs = 30_000 } = options
      const persistenceStore = new CachePersistenceLayer({ client })
      const keep = (status: number): boolean => (name === 'success' ? status < 300 : isKept(status))
      const idOf = (request: Request): string | undefined => {
        const eventId = (request.body as { eventId?: string } | undefined)?.eventId
        const named = header === undefined ? keyOf(request) : request.headers[header.toLowerCase()]
        const key = name === 'webhook' ? eventId : named
        return key === undefined
          ? undefined
          : JSON.stringify([tenantOf(request), request.method, request.path, key])
      }
      return [
        async (request, response, next) => {
          const config = new IdempotencyConfig({
            eventKeyJmesPath: 'id',
            throwOnNoIdempotencyKey: required,
            expiresAfterSeconds: retainMs / 1_000,
          })
          config.registerLambdaContext({ getRemainingTimeInMillis: () => leaseMs })
          const work = async (): Promise<Result> => {
            const { headers, ...result } = resultOf(await askWitness(request.headers))
            const all = Object.entries(headers)
            const kept = Object.fromEntries(all.filter(([name]) => KEPT_HEADERS.includes(name)))
            // The others are for this caller alone.
            response.set(Object.fromEntries(all.filter(([name]) => !KEPT_HEADERS.includes(name))))
            if (!keep(result.statusCode)) throw new NotKept({ ...result, headers: kept })
            return { ...result, headers: kept }
          }
          let result: Result
          try {
            result = await makeIdempotent(work, { persistenceStore, config })({ id: idOf(request) })
          } catch (error) {
            if (error instanceof NotKept) result = error.result
            else {
              const { name: reason, cause } = error as Error
              const status = REFUSALS[reason] ?? REFUSALS[(cause as Error | undefined)?.name ?? '']
              if (status === undefined) return next(error)
              return response.status(status).json({ error: (error as Error).message })
            }
          }
          if (response.headersSent) return
          response.status(result.statusCode).set(result.headers)
          if (result.base64 === '') response.end()
          else response.send(Buffer.from(result.base64, 'base64'))
        },
      ]
    }
  },
}

function resultOf(instruction: Instruction): Result {
  const give = (body: string | Buffer, headers: Result['headers'] = {}, statusCode = 200): Result => ({
    statusCode,
    headers,
    base64: Buffer.from(body).toString('base64'),
  })
  const asJson = (value: unknown, headers = {}, statusCode = 200): Result =>
    give(JSON.stringify(value), { 'content-type': 'application/json', ...headers }, statusCode)
  switch (instruction.kind) {
    case 'json':
      return asJson(instruction.json, instruction.headers, instruction.status)
    case 'text':
      return give(instruction.text, instruction.headers, instruction.status)
    case 'bytes':
      return give(Buffer.from(instruction.base64, 'base64'), instruction.headers, instruction.status)
    case 'empty':
      return give('', instruction.headers, instruction.status)
    case 'throw':
      throw Object.assign(new Error(instruction.message), { status: instruction.status ?? 500 })
    case 'unserializable':
      return asJson(unserializable(instruction.how))
    case 'block':
      blockEventLoop(instruction.ms)
      return asJson({ blocked: true })
    case 'stream':
    case 'response':
    case 'hijack':
    case 'nested':
      throw new Error(`${instruction.kind} is no JSON value`)
  }
}
