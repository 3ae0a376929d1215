import { type Holdfast, HoldfastError, InvalidArgumentError } from '@holdfast/core'
import {
  type ServerSentEvent,
  checkAdapterSettings,
  eventStream,
  executionView,
  lockView,
} from '@holdfast/http'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import './declarations.ts'
import { OPTIONS_OF_FASTIFY, registeredHoldfast } from './registered.ts'
import * as schemas from './schemas.ts'
import { shutdowns } from './shutdown.ts'

/** Who may see and change executions over HTTP, and what is shown. */
export interface StateRoutesOptions {
  /** Who may see what is done, and cancel and forget it; asked before every one of these routes. Has to be given. */
  readonly authorize: 'public' | Authorize
  /**
   * Also shows results and checkpoints, for HTTP executions the stored answers, and which instance (host and process
   * id, unless it has a name) runs or holds what.
   * @default false
   */
  readonly exposeData?: boolean
}

/**
 * Lets a request in with `true`, and with nothing else: all other values refuse it with 403, unless the function has
 * sent an answer itself. What it throws goes to the app's error handler. `'public'` says that anybody may.
 */
export type Authorize = (request: FastifyRequest, reply: FastifyReply) => boolean | Promise<boolean>

interface JobParams {
  jobType: string
  jobKey: string
}

/**
 * Routes that serve what is known of executions, locks and the cache; register it after the plugin, under a `prefix`.
 * Names with a slash are percent-encoded in paths; raise Fastify's `maxParamLength` when they are longer than 100.
 */
export const holdfastState: FastifyPluginAsync<StateRoutesOptions> = async (app, options) => {
  checkAdapterSettings(options, ['authorize', 'exposeData', ...OPTIONS_OF_FASTIFY])
  const { authorize, exposeData = false } = options
  checkAuthorize(authorize)
  const { idempotency, locks, cache } = registeredHoldfast(app, 'holdfastState')
  if (authorize !== 'public') {
    app.addHook('onRequest', async (request, reply) => {
      const allowed: unknown = await authorize(request, reply)
      if (allowed !== true && !reply.sent) return problem(reply, 403, 'This caller may not do that.')
      return undefined
    })
  }
  app.setErrorHandler(async (error, request, reply) => {
    const status = HoldfastError.isInstance(error) ? STATUS[error.code] : undefined
    // Everything else is the app's own error handler's.
    if (status === undefined) throw error
    if (status < 500) return problem(reply, status, (error as Error).message)
    // Why the storage does not answer names its address.
    request.log.warn({ err: error }, 'holdfast: the storage is not available')
    return problem(reply, status, 'Send the request again later.')
  })

  app.get('/executions', { schema: schemas.jobTypesSchema }, async () => ({
    jobTypes: await idempotency.listJobTypes(),
  }))

  app.get<{
    Params: { jobType: string }
    Querystring: NonNullable<Parameters<Holdfast['idempotency']['list']>[1]>
  }>('/executions/:jobType', { schema: schemas.listSchema }, async ({ params, query }) => {
    const page = await idempotency.list(params.jobType, query)
    const executions = page.executions.map((snapshot) => executionView(snapshot, exposeData))
    return { executions, cursor: page.cursor ?? null }
  })

  app.get<{ Params: JobParams }>(
    '/executions/:jobType/:jobKey',
    { schema: schemas.executionSchema },
    async ({ params: { jobType, jobKey } }, reply) => {
      const snapshot = await idempotency.getExecutionStatus(jobType, jobKey)
      return snapshot === null
        ? problem(reply, 404, `Nothing is stored of ${jobType} ${jobKey}.`)
        : executionView(snapshot, exposeData)
    },
  )

  app.get<{ Params: JobParams }>(
    '/executions/:jobType/:jobKey/events',
    // A HEAD request would follow the execution for as long as it runs, and read nothing of it.
    { schema: schemas.eventsSchema, exposeHeadRoute: false },
    async ({ params: { jobType, jobKey }, raw }, reply) => {
      const states = async function* (signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
        for await (const snapshot of idempotency.watch(jobType, jobKey, { signal })) {
          const { executionId, updateTime } = snapshot
          const id = `${executionId}:${updateTime.getTime()}`
          yield { event: 'execution', id, data: executionView(snapshot, exposeData) }
        }
      }
      void reply
        .type('text/event-stream')
        .header('cache-control', 'no-store')
        // Nginx would keep the events until its buffer is full.
        .header('x-accel-buffering', 'no')
      // When the app closes, a connection kept for more requests would keep it open.
      if (raw.httpVersionMajor === 1) void reply.header('connection', 'close')
      return reply.send(eventStream(states, shutdowns.get(app.holdfast)))
    },
  )

  app.post<{ Params: JobParams; Body: { reason?: string } | null | undefined }>(
    '/executions/:jobType/:jobKey/cancel',
    { schema: schemas.cancelSchema },
    async ({ params: { jobType, jobKey }, body }, reply) => {
      const reason = body?.reason
      const requested = await idempotency.requestCancel(
        jobType,
        jobKey,
        reason === undefined ? {} : { reason },
      )
      if (!requested) return problem(reply, 404, `${jobType} ${jobKey} is not being executed.`)
      return reply.code(202).send({ requested })
    },
  )

  app.delete<{ Params: JobParams }>(
    '/executions/:jobType/:jobKey',
    { schema: schemas.forgetSchema },
    async ({ params: { jobType, jobKey } }, reply) =>
      (await idempotency.forget(jobType, jobKey))
        ? reply.code(204).send()
        : problem(reply, 404, `Nothing is stored of ${jobType} ${jobKey}.`),
  )

  app.get<{ Params: { name: string } }>('/locks/:name', { schema: schemas.lockSchema }, async ({ params }) =>
    lockView(await locks.inspect(params.name), exposeData),
  )

  app.get('/cache/stats', { schema: schemas.cacheStatsSchema }, async () => cache.stats())
}

function checkAuthorize(authorize: unknown): void {
  if (authorize === 'public') return
  if (typeof authorize !== 'function') {
    throw new InvalidArgumentError(
      "authorize is missing: give a function that returns true for those who may see, cancel and forget, or 'public' when anybody may.",
    )
  }
  if (authorize.length > 2) {
    throw new InvalidArgumentError(
      'authorize takes (request, reply) and returns true or false; a hook that calls done() decides nothing.',
    )
  }
}

const STATUS: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  STORAGE_UNAVAILABLE: 503,
  STORAGE_REFUSED: 503,
  CLOSED: 503,
}

const TITLES: Readonly<Record<number, string>> = { 400: 'Bad request', 403: 'Forbidden', 404: 'Not found' }

function problem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  const title = TITLES[status] ?? 'The storage is not available'
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title, status, detail })
}
