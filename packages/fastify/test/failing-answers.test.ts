import { memoryStorage } from '@holdfast/core'
import fastify, { type FastifyError, type FastifyInstance, type RouteOptions } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { holdfast } from '../src/index.ts'

/** Answers that fail on their way are answered as they are without us, once and again. */

async function newApp(): Promise<FastifyInstance> {
  const app = fastify()
  onTestFinished(() => app.close())
  app.setErrorHandler<FastifyError>(async ({ message }, _request, reply) =>
    reply.code(503).send(`root: ${message}`),
  )
  await app.register(holdfast, { storage: memoryStorage(), http: { scope: 'global' } })
  return app
}

const charge = (app: FastifyInstance, more: Partial<RouteOptions>): { runs: number } => {
  const count = { runs: 0 }
  const { handler, ...rest } = more
  app.route({
    method: 'POST',
    url: '/charge',
    config: { idempotency: true },
    handler(request, reply) {
      count.runs += 1
      return handler?.call(this, request, reply)
    },
    ...rest,
  })
  return count
}

const send = async (app: FastifyInstance) => {
  const { statusCode, body } = await app.inject({
    method: 'POST',
    url: '/charge',
    headers: { 'idempotency-key': 'k' },
    payload: {},
  })
  return [statusCode, body]
}

const boom = async (): Promise<never> => {
  throw new Error('boom')
}

test.each<[string, Partial<RouteOptions>]>([
  [
    'throws',
    {
      handler: boom,
      errorHandler: (error) => {
        throw error
      },
    },
  ],
  [
    'rejects',
    {
      handler: boom,
      errorHandler: async (error) => {
        throw error
      },
    },
  ],
  ['sends the error', { handler: boom, errorHandler: (error, _request, reply) => void reply.send(error) }],
  [
    'throws no error',
    // oxlint-disable-next-line typescript/only-throw-error
    {
      handler: boom,
      errorHandler: async ({ message }) => {
        throw { message }
      },
    },
  ],
  [
    'throws what a callback handler has sent',
    {
      handler: (_request, reply) => void reply.send(new Error('boom')),
      errorHandler: (error) => {
        throw error
      },
    },
  ],
])('an error handler that %s hands on to the next one', async (_how, options) => {
  const app = await newApp()
  const count = charge(app, options)
  expect(await send(app)).toEqual([503, 'root: boom'])
  // A 503 frees the key.
  expect(await send(app)).toEqual([503, 'root: boom'])
  expect(count.runs).toBe(2)
})

test('an answer that cannot be written is answered by the error handlers, and does not end the process', async () => {
  const app = await newApp()
  const count = charge(app, {
    handler: async (_request, reply) => reply.type('text/html').send({ no: 'html' }),
  })
  expect(await send(app)).toEqual([503, expect.stringContaining('invalid type')])
  expect(await send(app)).toEqual([409, expect.stringContaining('IDEMPOTENCY_RESPONSE_NOT_STORED')])
  expect(count.runs).toBe(1)
})

test('neither does a header that cannot be written, at first and when it is replayed', async () => {
  const app = await newApp()
  const count = charge(app, {
    handler: async (_request, reply) => reply.header('location', '/中').send('made'),
  })
  for (let times = 0; times < 2; times += 1) {
    expect(await send(app)).toEqual([503, expect.stringContaining('ERR_INVALID_CHAR')])
  }
  expect(count.runs).toBe(1)
})

test('a hook that fails on an answer fails on its replay', async () => {
  const app = await newApp()
  const count = charge(app, { handler: async () => 'made', onSend: boom })
  for (let times = 0; times < 2; times += 1) {
    expect(await send(app)).toEqual([503, expect.stringContaining('boom')])
  }
  expect(count.runs).toBe(1)
})

test('a replay that fails is no success, also where no error handler says so', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(holdfast, { storage: memoryStorage(), http: { scope: 'global' } })
  let isFailing = false
  charge(app, {
    handler: async (_request, reply) => reply.code(201).send('made'),
    onSend: async () => (isFailing ? boom() : 'made'),
  })
  expect(await send(app)).toEqual([201, 'made'])
  isFailing = true
  expect(await send(app)).toEqual([500, expect.stringContaining('boom')])
})
