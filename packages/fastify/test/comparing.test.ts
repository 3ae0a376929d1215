import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import multipart from '@fastify/multipart'
import { memoryStorage } from '@holdfast/core'
import fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { holdfast } from '../src/index.ts'

async function started(app: FastifyInstance): Promise<FastifyInstance> {
  onTestFinished(() => app.close())
  await app.register(holdfast, { storage: memoryStorage(), http: { scope: 'global' } })
  return app
}

const config = { idempotency: true }
const headers = { 'idempotency-key': 'k' }

test('JSON that looks like uploaded parts is compared as what it is', async () => {
  const app = await started(fastify())
  await app.register(multipart, { attachFieldsToBody: true })
  app.post('/pay', { config }, async ({ body }) => body)
  const pay = (amount: unknown, toBuffer?: unknown) =>
    app.inject({
      method: 'POST',
      url: '/pay',
      headers,
      payload: { part: { type: 'file', fieldname: 'part', fields: {}, amount, toBuffer } },
    })
  expect((await pay(1)).statusCode).toBe(200)
  expect((await pay(1)).headers['idempotent-replayed']).toBe('true')
  expect((await pay(2)).statusCode).toBe(422)
  expect((await pay(1, 1)).statusCode).toBe(422)
})

test('a form is compared by its fields and files', async () => {
  const app = await started(fastify())
  await app.register(multipart, { attachFieldsToBody: true })
  app.post('/form', { config }, async () => ({}))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const post = async (bytes: string, amount: string) => {
    const body = new FormData()
    body.set('amount', amount)
    body.set('receipt', new Blob([bytes]), 'receipt.txt')
    const url = `http://127.0.0.1:${port}/form`
    return (await fetch(url, { method: 'POST', body, headers: { ...headers, connection: 'close' } })).status
  }
  expect(await post('some bytes', '1')).toBe(200)
  expect(await post('some bytes', '1')).toBe(200)
  expect(await post('more bytes', '1')).toBe(422)
  expect(await post('some bytes', '2')).toBe(422)
})

test('a body of HTTP/2 that no parser has read does not count as none', async () => {
  const app = await started(fastify({ http2: true }) as never as FastifyInstance)
  let handled = 0
  app.post('/pay', { config }, async () => ({ handled: (handled += 1) }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const session = http2.connect(`http://127.0.0.1:${port}`)
  onTestFinished(() => session.destroy())
  const pay = (body?: string) =>
    new Promise<number>((resolve, reject) => {
      const stream = session.request(
        { ':method': 'POST', ':path': '/pay', ...headers },
        { endStream: body === undefined },
      )
      stream.on('response', (answer) => resolve(answer[':status'] as number)).on('error', reject)
      stream.resume().end(body)
    })
  expect(await pay('amount=1')).toBe(415)
  expect(await pay('amount=2')).toBe(415)
  expect(handled).toBe(0)
  expect(await pay()).toBe(200)
})

test('routes that differ in a constraint alone do not share answers', async () => {
  const strategy = {
    name: 'plan',
    storage: () => {
      const handlers = new Map<unknown, never>()
      return {
        get: (value: unknown) => handlers.get(value) ?? null,
        set: (value: unknown, handler: never) => void handlers.set(value, handler),
      }
    },
    deriveConstraint: (request: { headers: Record<string, unknown> }) => request.headers['x-plan'],
    validate: () => undefined,
  }
  const app = await started(fastify({ routerOptions: { constraints: { plan: strategy as never } } }))
  const routes: [object, object][] = [
    [{}, {}],
    [{ host: 'one.example' }, { host: 'one.example' }],
    [{ host: /two/ }, { host: 'two.example' }],
    [{ version: '1.0.0' }, { 'accept-version': '1.0.0' }],
    [{ version: '2.0.0' }, { 'accept-version': '2.0.0' }],
    [{ plan: 'gold' }, { 'x-plan': 'gold' }],
  ]
  const unnamed = { method: 'POST', url: '/other', constraints: { plan: {} }, config, handler: async () => 1 }
  expect(() => app.route(unnamed as never)).toThrow(/constraint plan/)
  for (const [n, [constraints]] of routes.entries()) {
    app.route({
      method: 'POST',
      url: '/pay',
      constraints,
      config,
      handler: async () => ({ n }),
    } as RouteOptions)
  }
  for (const [n, [, more]] of routes.entries()) {
    const answer = await app.inject({
      method: 'POST',
      url: '/pay',
      headers: { ...headers, ...more },
      payload: {},
    })
    expect(answer.json()).toEqual({ n })
  }
})
