import type { FastifyInstance, FastifyReply } from 'fastify'
import * as z from 'zod'
import type { ActionAnswer, ActionName } from '../events/snapshot.ts'
import type { World } from '../live/world.ts'
import { isActionName, readInput } from './action-inputs.ts'
import type { EventStream } from './event-stream.ts'
import type { Acting } from './acting.ts'

export interface ApiOptions {
  readonly world: Pick<World, 'record' | 'held' | 'review' | 'logs'>
  readonly stream: EventStream
  readonly act: Acting['act']
}

/** Of a page that asks again by itself: only the browser can set the header. */
const EVENTS_QUERY = z.object({ after: z.string().optional().catch(undefined) })
const RECORD_QUERY = z.object({ jobType: z.string().min(1), jobKey: z.string().min(1) })
const HELD_QUERY = z.object({ kind: z.enum(['lock', 'cache']), name: z.string().min(1) })
const LOGS_QUERY = z.object({ executionId: z.string().min(1) })

/** What the page asks for, and what it can do. */
export function addApi(app: FastifyInstance, { world, stream, act }: ApiOptions): void {
  app.get('/api/events', (request, reply) => {
    const { 'last-event-id': header } = request.headers
    const lastEventId = typeof header === 'string' ? header : EVENTS_QUERY.parse(request.query).after
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
    stream.attach(reply.raw, lastEventId)
  })

  app.get('/api/record', async ({ query }, reply) => {
    const asked = RECORD_QUERY.safeParse(query)
    if (!asked.success) return await say(reply, 400, 'Say which: /api/record?jobType=…&jobKey=…')
    const { jobType, jobKey } = asked.data
    const record = await world.record(jobType, jobKey)
    return record ?? (await say(reply, 404, `Redis holds nothing for ${jobType} of ${jobKey}.`))
  })

  app.get('/api/held', async ({ query }, reply) => {
    const asked = HELD_QUERY.safeParse(query)
    if (!asked.success) return await say(reply, 400, 'Say what: /api/held?kind=lock&name=…, or kind=cache')
    return await world.held(asked.data)
  })

  app.get<{ readonly Params: { readonly id: string } }>('/api/reviews/:id', async ({ params }, reply) => {
    const review = await world.review(params.id)
    return review ?? (await say(reply, 404, `There is no review ${params.id}.`))
  })

  app.get('/api/logs', async ({ query }, reply) => {
    const asked = LOGS_QUERY.safeParse(query)
    if (!asked.success) return await say(reply, 400, 'Say whose: /api/logs?executionId=…')
    return await world.logs(asked.data.executionId)
  })

  app.post<{ readonly Params: { readonly name: string } }>(
    '/api/actions/:name',
    async ({ params: { name }, body }, reply) => {
      if (!isActionName(name)) return await say(reply, 404, `There is no action ${name}.`)
      return await answer(reply, name, body, act)
    },
  )
}

async function answer<Name extends ActionName>(
  reply: FastifyReply,
  name: Name,
  body: unknown,
  act: Acting['act'],
): Promise<ActionAnswer> {
  const read = readInput(name, body)
  if (!read.ok) return await say(reply, 400, read.problem)
  const answered = await act(name, read.input)
  if (!answered.ok) void reply.code(409)
  return answered
}

async function say(
  reply: FastifyReply,
  status: number,
  message: string,
): Promise<FastifyReply & ActionAnswer> {
  return await reply.code(status).send({ ok: false, message } satisfies ActionAnswer)
}
