import { AsyncResource } from 'node:async_hooks'
import { memoryStorage } from '@holdfast/core'
import fastify, { type FastifyInstance, type FastifyReply, type RouteHandlerMethod } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { holdfast } from '../src/index.ts'

/** R7, where Fastify differs: `hijack`, `reply.raw`, callbacks, and answers that come too late. */

interface Running {
  readonly url: string
  readonly runs: () => number
}

/** Listens, because only real responses have an end. */
async function serve(
  handler: RouteHandlerMethod,
  { timeoutMs, watch }: { timeoutMs?: number; watch?: (reply: FastifyReply) => void } = {},
): Promise<Running> {
  const app: FastifyInstance = fastify()
  onTestFinished(() => app.close())
  await app.register(holdfast, { storage: memoryStorage(), http: { scope: 'global' }, graceMs: 100 })
  if (watch !== undefined) app.addHook('onRequest', async (_request, reply) => watch(reply))
  let runs = 0
  app.post(
    '/a',
    { config: { idempotency: timeoutMs === undefined ? {} : { timeoutMs, leaseMs: 300 } } },
    function (request, reply) {
      runs += 1
      return runs === 1 ? (handler.call(this, request, reply) as unknown) : reply.send('again')
    },
  )
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/a`
  return { url, runs: () => runs }
}

async function post({ url }: Running): Promise<string> {
  const headers = { 'idempotency-key': 'k', 'content-type': 'application/json' }
  return (await fetch(url, { method: 'POST', headers, body: '{}' })).text()
}

function gate() {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

test('a handler that has hijacked the response is at work until both have ended', async () => {
  const { opened, open } = gate()
  const app = await serve(async (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(503).end('raw')
    await opened
  })
  expect(await post(app)).toBe('raw')
  await expect.poll(() => post(app)).toContain('IDEMPOTENCY_IN_PROGRESS')
  open()
  await expect.poll(() => post(app)).toBe('again')
})

test('a callback handler that has hijacked the response ends with it', async () => {
  const app = await serve((_request, reply) => {
    reply.hijack()
    setImmediate(() => reply.raw.writeHead(503).end('raw'))
  })
  expect(await post(app)).toBe('raw')
  await expect.poll(() => post(app)).toBe('again')
})

test("a watchdog's answer around the framework decides nothing", async () => {
  const { opened, open } = gate()
  let giveUp: (() => void) | undefined
  const app = await serve(
    async () => {
      giveUp?.()
      await opened
      return 'charged'
    },
    {
      watch: (reply) => {
        const resource = new AsyncResource('watchdog')
        giveUp ??= () => resource.runInAsyncScope(() => reply.raw.writeHead(503).end('given up'))
      },
    },
  )
  expect(await post(app)).toBe('given up')
  await expect.poll(() => post(app)).toContain('IDEMPOTENCY_IN_PROGRESS')
  open()
  await expect.poll(() => post(app)).toContain('IDEMPOTENCY_RESPONSE_NOT_STORED')
  expect(app.runs()).toBe(1)
})

test('a callback handler whose answer has lost its context keeps its key until timeoutMs, if that would free it', async () => {
  // As a driver does it that was connected before.
  const driver = new AsyncResource('connection')
  const answer =
    (status: number): RouteHandlerMethod =>
    (_request, reply) => {
      setImmediate(() => driver.runInAsyncScope(() => reply.code(status).send('from a driver')))
    }
  const kept = await serve(answer(202))
  expect([await post(kept), await post(kept)]).toEqual(['from a driver', 'from a driver'])
  expect(kept.runs()).toBe(1)
  const freeing = await serve(answer(503))
  expect(await post(freeing)).toBe('from a driver')
  expect(await post(freeing)).toContain('IDEMPOTENCY_IN_PROGRESS')
  const timed = await serve(answer(503), { timeoutMs: 300 })
  expect(await post(timed)).toBe('from a driver')
  await expect.poll(() => post(timed)).toBe('again')
})

test('a handler that answers when a watchdog has, is not called again for it', async () => {
  const { opened, open } = gate()
  let giveUp: (() => void) | undefined
  const app = await serve(
    async (_request, reply) => {
      giveUp?.()
      await opened
      return reply.code(201).header('x-charged', 'yes').send('charged')
    },
    {
      watch: (reply) => {
        const resource = new AsyncResource('watchdog')
        giveUp ??= () => resource.runInAsyncScope(() => void reply.code(503).send('given up'))
      },
    },
  )
  expect(await post(app)).toBe('given up')
  expect(await post(app)).toContain('IDEMPOTENCY_IN_PROGRESS')
  open()
  await expect.poll(() => post(app)).toContain('IDEMPOTENCY_RESPONSE_NOT_STORED')
  expect(app.runs()).toBe(1)
})
