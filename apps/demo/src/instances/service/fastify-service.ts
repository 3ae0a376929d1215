import type { Holdfast } from '@holdfast/core'
import { holdfast as holdfastPlugin, holdfastHealth } from '@holdfast/fastify'
import fastify from 'fastify'
import type { AnswerTo, StartRequest } from './answer.ts'
import type { Service } from './service.ts'

export async function openFastify(holdfast: Holdfast, answer: AnswerTo): Promise<Service> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(holdfastPlugin, { holdfast, http: { scope: 'global' } })
  await app.register(holdfastHealth)
  app.get('/live', async () => 'alive')
  app.post<{
    Params: Pick<StartRequest, 'id' | 'type'>
    Querystring: Omit<StartRequest, 'id' | 'type'>
  }>('/reviews/:id/jobs/:type', async ({ params, query, headers }, reply) => {
    const { status, body } = await answer({ ...params, ...query }, headers.authorization)
    return reply.code(status).send(body)
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: Number(new URL(url).port), close: () => app.close() }
}
