import { HoldfastError, InvalidArgumentError } from '@holdfast/core'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import './declarations.ts'
import { type ServerSentEvent, eventStream } from './event-stream.ts'
import { executionView, lockView } from './execution-view.ts'
import * as schemas from './schemas.ts'
import { shutdowns } from './shutdown.ts'

export interface StateRoutesOptions {
  /**
   * The app's own authorisation, run before every one of these routes: they show who does what, and can cancel and
   * forget it. `'public'` says that anybody may. No default.
   */
  readonly authorize: 'public' | AuthorizeHook
  /**
   * Also shows results and checkpoints, for HTTP executions the stored answers, and which instance (host and process
   * id, unless it has a name) runs or holds what. Default false.
   */
  readonly exposeData?: boolean
}

/** An `onRequest` hook: async with two parameters, or calling `done`. */
export type AuthorizeHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void | Promise<unknown>

interface JobParams {
  jobType: string
  jobKey: string
}

/**
 * Routes that serve what is known of executions, locks and the cache; register it after the plugin, under a `prefix`.
 * Names with a slash are percent-encoded in paths; raise Fastify's `maxParamLength` when they are longer than 100.
 */
export const holdfastState: FastifyPluginAsync<StateRoutesOptions> = async (
  app,
  { authorize, exposeData = false },
) => {
  if (authorize !== 'public' && typeof authorize !== 'function') {
    throw new InvalidArgumentError(
      "authorize is missing: give the app's own onRequest hook, or 'public' when anybody may see, cancel and forget.",
    )
  }
  const { idempotency, locks, cache } = app.holdfast
  if (authorize !== 'public') app.addHook('onRequest', authorize)
  app.setErrorHandler(async (error, _request, reply) => {
    const status = HoldfastError.isInstance(error) ? STATUS[error.code] : undefined
    // Everything else is the app's own error handler's.
    if (status === undefined) throw error
    return problem(reply, status, (error as Error).message)
  })

  app.get('/executions', { schema: schemas.jobTypesSchema }, async () => ({
    jobTypes: await idempotency.listJobTypes(),
  }))

  app.get<{
    Params: { jobType: string }
    Querystring: { status?: 'executing' | 'completed' | 'failed'; limit: number; cursor?: string }
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
    { schema: schemas.eventsSchema },
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

const STATUS: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  STORAGE_UNAVAILABLE: 503,
  STORAGE_REFUSED: 503,
  CLOSED: 503,
}

const TITLES: Readonly<Record<number, string>> = { 400: 'Bad request', 404: 'Not found' }

function problem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  const title = TITLES[status] ?? 'The storage is not available'
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title, status, detail })
}
