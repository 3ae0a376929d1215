import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Storage, memoryStorage } from '@holdfast/core'
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { holdfast } from '../src/index.ts'

/** R6: whatever refuses a first request refuses its replay, too, wherever it was added. */

function newApp(): FastifyInstance {
  const app = fastify()
  onTestFinished(() => app.close())
  return app
}

const refuse = async ({ headers }: FastifyRequest): Promise<void> => {
  if (headers.authorization === undefined) throw Object.assign(new Error('who are you?'), { statusCode: 401 })
}

const ours = (app: FastifyInstance, storage: Storage = memoryStorage()) =>
  app.register(holdfast, { storage, http: { scope: 'global' } })

const charge = (app: FastifyInstance, more: Partial<RouteOptions> = {}): void => {
  let charges = 0
  const handler = async () => ({ charge: (charges += 1) })
  app.route({ method: 'POST', url: '/charge', config: { idempotency: true }, handler, ...more })
}

const onRoute = (route: RouteOptions): void => {
  route.preHandler = [route.preHandler ?? [], refuse].flat()
}

const anyBody = { type: 'object' } as const

test.each<[string, (app: FastifyInstance) => Promise<void>]>([
  [
    'a hook that is added after the route',
    async (app) => {
      await ours(app)
      charge(app)
      app.addHook('preHandler', refuse)
    },
  ],
  [
    'an onRoute hook of a later plugin',
    async (app) => {
      await ours(app)
      app.addHook('onRoute', onRoute)
      charge(app)
    },
  ],
  [
    'an onRoute hook of a child context',
    async (app) => {
      await ours(app)
      await app.register(async (child) => {
        child.addHook('onRoute', onRoute)
        charge(child)
      })
    },
  ],
  [
    'an onRoute hook of a grandchild, and a handler that it wraps',
    async (app) => {
      await ours(app)
      await app.register(async (child) => {
        await child.register(async (grandchild) => {
          grandchild.addHook('onRoute', (route) => {
            const { handler } = route
            route.handler = async function (request, reply) {
              await refuse(request)
              return handler.call(this, request, reply) as unknown
            }
          })
          charge(grandchild)
        })
      })
    },
  ],
  [
    'a hook of a child context that comes after the route',
    async (app) => {
      await ours(app)
      await app.register(async (child) => {
        charge(child)
        child.addHook('preHandler', refuse)
      })
    },
  ],
  [
    'the hooks of the route itself',
    async (app) => {
      await ours(app)
      charge(app, { preHandler: [refuse] })
    },
  ],
  [
    'a validation that takes its time',
    async (app) => {
      await ours(app)
      const headers = { type: 'object', required: ['authorization'] }
      charge(app, {
        schema: { headers, body: anyBody },
        // Asynchronous validation is Fastify's own; its types do not say so.
        validatorCompiler: (({ httpPart }: { httpPart?: string }) =>
          async (data: { authorization?: string }) => {
            await Promise.resolve()
            if (httpPart === 'headers' && data.authorization === undefined) {
              throw Object.assign(new Error('who are you?'), { statusCode: 401 })
            }
            return true
          }) as never,
      })
    },
  ],
])('%s', async (_name, build) => {
  const app = newApp()
  await build(app)
  const as = (authorization: object, key = 'k') =>
    app.inject({
      method: 'POST',
      url: '/charge',
      headers: { 'idempotency-key': key, ...authorization },
      payload: { a: 1 },
    })
  const me = { authorization: 'me' }
  expect((await as({}, 'fresh')).statusCode).toBe(401)
  expect((await as(me)).json()).toEqual({ charge: 1 })
  const refused = await as({})
  expect(refused.statusCode).toBe(401)
  expect(refused.headers['idempotent-replayed']).toBeUndefined()
  const replay = await as(me)
  expect([replay.headers['idempotent-replayed'], replay.json()]).toEqual(['true', { charge: 1 }])
  // What was refused has used no key up, nor bound it to its payload.
  expect((await as(me, 'fresh')).json()).toEqual({ charge: 2 })
})

test('with attachValidation the handler refuses: that is its answer, and is replayed', async () => {
  const app = newApp()
  await ours(app)
  let runs = 0
  charge(app, {
    attachValidation: true,
    schema: { body: { type: 'object', required: ['amount'] } },
    handler: async ({ validationError }: FastifyRequest, reply) => {
      runs += 1
      return validationError === undefined ? 'fine' : reply.code(400).send({ run: runs })
    },
  })
  const send = () =>
    app.inject({ method: 'POST', url: '/charge', headers: { 'idempotency-key': 'k' }, payload: { a: 1 } })
  expect((await send()).statusCode).toBe(400)
  expect(await send()).toMatchObject({ statusCode: 400, body: '{"run":1}' })
  expect(runs).toBe(1)
})

test('an answer that leaves while the storage is asked: the claim is released, the handler is not called', async () => {
  const app = newApp()
  const storage = memoryStorage()
  const { records } = storage
  const put = records.put.bind(records)
  let claimed: () => void = () => undefined
  let answered: () => void = () => undefined
  records.put = async (...args) => {
    const outcome = await put(...args)
    await new Promise<void>((resolve) => {
      answered = resolve
      claimed()
    })
    return outcome
  }
  await ours(app, storage)
  let runs = 0
  let watched = true
  app.addHook('onRequest', async (_request, reply) => {
    if (!watched) return
    claimed = () => {
      void reply.code(503).send('given up')
      answered()
    }
  })
  charge(app, { handler: async () => `run ${(runs += 1)}` })
  const send = () =>
    app.inject({ method: 'POST', url: '/charge', headers: { 'idempotency-key': 'k' }, payload: {} })
  expect(await send()).toMatchObject({ statusCode: 503, body: 'given up' })
  watched = false
  claimed = () => answered()
  await expect.poll(async () => (await send()).body).toBe('run 1')
})

test('of two answers at once the first is the answer, and the process lives', async () => {
  const app = newApp()
  await ours(app)
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  app.addHook('onSend', async () => opened)
  charge(app, {
    handler: async (_request: FastifyRequest, reply) => {
      void reply.code(202).send('first')
      setImmediate(open)
      return 'second'
    },
  })
  const sent = await app.inject({
    method: 'POST',
    url: '/charge',
    headers: { 'idempotency-key': 'k' },
    payload: {},
  })
  expect(sent).toMatchObject({ statusCode: 202, body: 'first' })
})

test.each<[string, (reply: FastifyReply) => void]>([
  ['an answer', (reply) => void reply.code(401).send('who are you?')],
  ['an error', (reply) => void reply.code(401).send(new Error('who are you?'))],
])(
  'a hook that refuses with %s and forgets to return the reply keeps the handler from being called',
  async (_what, no) => {
    const app = newApp()
    await ours(app)
    let runs = 0
    charge(app, {
      handler: async () => `run ${(runs += 1)}`,
      preHandler: async ({ headers }: FastifyRequest, reply: FastifyReply) => {
        if (headers.authorization === undefined) no(reply)
      },
    })
    const as = (headers: object) =>
      app.inject({
        method: 'POST',
        url: '/charge',
        headers: { 'idempotency-key': 'k', ...headers },
        payload: {},
      })
    expect((await as({})).statusCode).toBe(401)
    expect(runs).toBe(0)
    expect((await as({ authorization: 'me' })).body).toBe('run 1')
    expect((await as({})).statusCode).toBe(401)
  },
)

test('a hook that refuses while hooks are at work on its answer, and does not return the reply, is not overtaken by a replay', async () => {
  const decided = new Promise<void>((resolve) => {
    const isReplay = (message: unknown) => {
      if ((message as { type: string }).type === 'replayed') setImmediate(resolve)
    }
    subscribe('holdfast:http', isReplay)
    onTestFinished(() => void unsubscribe('holdfast:http', isReplay))
  })
  const work = async ({ headers }: FastifyRequest): Promise<void> => {
    if (headers.authorization === undefined) await decided
  }
  const app = newApp()
  // Before ours, and of the route's own, behind ours.
  app.addHook('onSend', async (request) => (request.url === '/charge' ? work(request) : undefined))
  app.addHook('onRequest', async ({ headers }, reply) => {
    if (headers.authorization === undefined) void reply.code(401).send('who are you?')
  })
  await ours(app)
  charge(app)
  charge(app, { url: '/later', onSend: work })
  const as = (url: string, headers: object) =>
    app.inject({ method: 'POST', url, headers: { 'idempotency-key': 'k', ...headers }, payload: {} })
  for (const url of ['/charge', '/later']) {
    expect((await as(url, { authorization: 'me' })).json()).toEqual({ charge: 1 })
    const refused = await as(url, {})
    expect(refused).toMatchObject({ statusCode: 401, body: 'who are you?' })
    expect(refused.headers['idempotent-replayed']).toBeUndefined()
  }
})
