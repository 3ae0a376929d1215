import { createHoldfast, memoryStorage } from '@holdfast/core'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { holdfast } from '../src/index.ts'

const INSTANCE = 'web-7f9c:4711'

describe('errors of ours in an answer', () => {
  const storage = memoryStorage()
  const other = createHoldfast({ storage, instance: INSTANCE })
  let log = ''
  let app: FastifyInstance
  beforeEach(async () => {
    log = ''
    app = fastify({ logger: { stream: { write: (line: string) => void (log += line) } } })
    await app.register(holdfast, { storage })
    app.post('/lock', () => app.holdfast.locks.acquire('stock', { waitMs: 1 }))
    app.post('/job', () => app.holdfast.idempotency.run('report', 'may', () => 1))
  })
  afterEach(() => app.close())

  const answers = async (url: string): Promise<unknown> => {
    await using _lease = await other.locks.acquire('stock')
    await using _execution = await other.idempotency.tryStartExecution('report', 'may')
    const { statusCode, body } = await app.inject({ method: 'POST', url })
    return [statusCode, body.includes(INSTANCE), log.includes(INSTANCE)]
  }

  it.each(['/lock', '/job'])('%s: Fastify logs which instance it was, and does not send it', async (url) => {
    expect(await answers(url)).toEqual([500, false, true])
  })

  it('an error handler that sends the error on does not send it, either', async () => {
    app.setErrorHandler(async (error: FastifyError, request, reply) => {
      request.log.error(error)
      await reply.code(500).send(error)
    })
    expect(await answers('/lock')).toEqual([500, false, true])
  })
})
