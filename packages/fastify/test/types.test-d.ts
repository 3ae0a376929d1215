/** Compiled, never run: what declaration merging gives to apps. */
import type { Holdfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import type { HttpExecution } from '@holdfast/http'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { expectTypeOf } from 'vitest'
import register, { holdfast, holdfastHealth, holdfastState } from '../src/index.ts'

const app = fastify()
const storage = ioredisStorage(new Redis())

await app.register(holdfast, { storage, prefix: 'app', http: { scope: 'global' } })
await app.register(register, { holdfast: app.holdfast, closeHoldfast: true, graceMs: 1 })
await app.register(holdfastState, { prefix: '/ops', authorize: 'public' })
await app.register(holdfastState, { authorize: ({ headers }) => headers.host === 'internal' })
await app.register(holdfastState, { authorize: async (_request, reply) => reply.statusCode === 200 })
// @ts-expect-error a hook that only calls done decides nothing
await app.register(holdfastState, { authorize: (_request, _reply, done) => done() })
// @ts-expect-error nothing is no decision
await app.register(holdfastState, { authorize: async () => undefined })
await app.register(holdfastHealth, { path: '/up' })
// @ts-expect-error a storage or a ready instance is needed
await app.register(holdfast, { prefix: 'app' })
// @ts-expect-error who may see the state has to be said
await app.register(holdfastState, { prefix: '/ops' })

expectTypeOf(app.holdfast).toEqualTypeOf<Holdfast>()

app.post(
  '/a',
  {
    config: {
      idempotency: {
        scope: (request) => {
          expectTypeOf(request.headers.host).toEqualTypeOf<string | undefined>()
          return request.ip
        },
        fingerprint: (request, standard) => ({ ...standard, ip: request.ip }),
        replay: ({ status }) => (status < 500 ? 'store' : 'fail'),
        wait: { maxMs: 1_000 },
      },
    },
  },
  async (request) => {
    expectTypeOf(request.server.holdfast).toEqualTypeOf<Holdfast>()
    if (request.idempotency === null) return 'bare'
    expectTypeOf(request.idempotency.key).toEqualTypeOf<string>()
    expectTypeOf(request.idempotency.execution).toEqualTypeOf<HttpExecution>()
    expectTypeOf(request.idempotency.execution.signal).toEqualTypeOf<AbortSignal>()
    // @ts-expect-error the answer ends it
    await request.idempotency.execution.markSuccess()
    return 'idempotent'
  },
)
app.post('/b', { config: { idempotency: true } }, async () => 'ok')
// @ts-expect-error durations are milliseconds
app.post('/c', { config: { idempotency: { retainMs: '1 day' } } }, async () => 'ok')
