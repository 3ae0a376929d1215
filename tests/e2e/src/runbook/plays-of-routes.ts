import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Code } from '@holdfast/cli/codes'
import type { Holdfast } from '@holdfast/core'
import { idempotent } from '@holdfast/http'
import { expect } from 'vitest'
import { fromTheFuture } from './plays-of-jobs.ts'
import { inService } from '../poll.ts'
import { type Play, type Stage, becomes } from './stage.ts'

type RouteCode = Extract<Code, `IDEMPOTENCY_${string}` | 'HTTP_FAILURE'>

interface Answer {
  readonly status: number
  readonly code: unknown
  readonly retryAfter: string | null
}

interface Route {
  /** What the handler answers with; a function is called with each request that it handles. */
  answer: () =>
    | Promise<{ readonly status: number; readonly body: string }>
    | { readonly status: number; readonly body: string }
  /** Whether the application reads bodies. */
  reads: boolean
  post(body: string, key?: string): Promise<Answer>
}

const ORDER = { status: 201, body: '{"id":7}' }
const KEY = '"k-1"'
const CART = '{"cart":1}'

type Options = Omit<Parameters<typeof idempotent>[0], 'holdfast' | 'scope' | 'route'>

/** `POST /orders` of the page. */
async function serve(stage: Stage, options: Options = {}, holdfast: Holdfast = stage.open()): Promise<Route> {
  const settings = { holdfast, scope: () => 'ada', route: '/orders', ...options }
  const orders = idempotent(settings as never, async (_request, response) => {
    const { status, body } = await route.answer()
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  const server = createServer(async (request, response) => {
    const body = route.reads ? { body: JSON.parse(String(await buffer(request))) as unknown } : {}
    await orders(Object.assign(request, body), response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stage.atEnd(() => void server.close())
  const { port } = server.address() as AddressInfo
  const route: Route = {
    answer: () => ORDER,
    reads: true,
    async post(body, key) {
      const headers = {
        'content-type': 'application/json',
        connection: 'close',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      }
      const answer = await fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', body, headers })
      const text = await answer.text()
      const { code } = (text.startsWith('{') ? JSON.parse(text) : {}) as { code?: unknown }
      return { status: answer.status, code, retryAfter: answer.headers.get('retry-after') }
    },
  }
  return route
}

/** The first answer is the problem; the second one, after what the entry says, is the order. */
async function playKey(stage: Stage, options: Options, wrong: string | undefined, problem: Partial<Answer>) {
  const route = await serve(stage, options)
  expect(await route.post(CART, wrong)).toMatchObject(problem)
  expect(await stage.run('codes')).toContain('Idempotency-Key')
  expect(await route.post(CART, '"8e03978e-40d5-43dd-bc93-6894a57f9324"')).toMatchObject({ status: 201 })
}

export const PLAYS_OF_ROUTES: Readonly<Record<RouteCode, Play>> = {
  async IDEMPOTENCY_KEY_MISSING(stage) {
    await playKey(stage, {}, undefined, { status: 400, code: 'IDEMPOTENCY_KEY_MISSING' })
  },
  async IDEMPOTENCY_KEY_MALFORMED(stage) {
    await playKey(stage, {}, '"', { status: 400, code: 'IDEMPOTENCY_KEY_MALFORMED' })
  },
  async IDEMPOTENCY_BODY_NOT_READ(stage) {
    const route = await serve(stage)
    route.reads = false
    const code = 'IDEMPOTENCY_BODY_NOT_READ'
    expect(await route.post(CART, KEY)).toMatchObject({ status: 415, code })
    expect(await stage.run('codes')).toContain('body')
    route.reads = true
    expect(await route.post(CART, KEY)).toMatchObject({ status: 201 })
  },
  async IDEMPOTENCY_BODY_NOT_COMPARABLE(stage) {
    const route = await serve(stage)
    const code = 'IDEMPOTENCY_BODY_NOT_COMPARABLE'
    expect(await route.post('{"cart":1e400}', KEY)).toMatchObject({ status: 400, code })
    expect(await stage.run('codes')).toContain('strings')
    expect(await route.post('{"cart":"1e400"}', KEY)).toMatchObject({ status: 201 })
  },
  async IDEMPOTENCY_IN_PROGRESS(stage) {
    const route = await serve(stage)
    const work = Promise.withResolvers<void>()
    let begun = false
    route.answer = async () => {
      begun = true
      await work.promise
      return ORDER
    }
    const first = route.post(CART, KEY)
    await becomes(() => begun)
    const refused = await route.post(CART, KEY)
    expect(refused).toMatchObject({ status: 409, code: 'IDEMPOTENCY_IN_PROGRESS' })
    expect(Number(refused.retryAfter)).toBeGreaterThan(0)
    expect(await stage.run('jobs list')).toContain('web-1')
    expect(await stage.run("job 'http")).toContain('"executing"')
    work.resolve()
    expect((await first).status).toBe(201)
    expect((await route.post(CART, KEY)).status).toBe(201)
  },
  async IDEMPOTENCY_KEY_REUSED(stage) {
    const route = await serve(stage)
    await route.post(CART, KEY)
    const code = 'IDEMPOTENCY_KEY_REUSED'
    expect(await route.post('{"cart":2}', KEY)).toMatchObject({ status: 422, code })
    expect(await stage.run("job 'http")).toContain('\\"status\\":201')
    expect((await route.post('{"cart":2}', '"k-2"')).status).toBe(201)
  },
  async IDEMPOTENCY_RESPONSE_NOT_STORED(stage) {
    const route = await serve(stage, { maxResponseBytes: 10 })
    route.answer = () => ({ status: 201, body: `{"id":"${'7'.repeat(100)}"}` })
    expect((await route.post(CART, KEY)).status).toBe(201)
    const code = 'IDEMPOTENCY_RESPONSE_NOT_STORED'
    expect(await route.post(CART, KEY)).toMatchObject({ status: 409, code })
    expect(await stage.run("job 'http")).toContain('omitted')
  },
  async IDEMPOTENCY_EXECUTION_FAILED(stage) {
    const route = await serve(stage, { maxAttempts: 1 })
    route.answer = () => ({ status: 500, body: '{}' })
    await route.post(CART, KEY)
    const code = 'IDEMPOTENCY_EXECUTION_FAILED'
    expect(await route.post(CART, KEY)).toMatchObject({ status: 500, code })
    expect(await stage.run("job 'http")).toContain('HTTP_FAILURE')
    await stage.run('jobs forget')
    route.answer = () => ORDER
    expect((await route.post(CART, KEY)).status).toBe(201)
  },
  async IDEMPOTENCY_RECORD_UNREADABLE(stage) {
    const route = await serve(stage)
    await route.post(CART, KEY)
    await fromTheFuture(stage, '{holdfast:r:shop:http:POST /orders:*}:*')
    const code = 'IDEMPOTENCY_RECORD_UNREADABLE'
    expect(await route.post(CART, KEY)).toMatchObject({ status: 500, code })
    expect(await stage.run("job 'http")).toContain('"v":9')
    await stage.run('jobs forget')
    expect((await route.post(CART, KEY)).status).toBe(201)
  },
  async IDEMPOTENCY_STORAGE_UNAVAILABLE(stage) {
    const holdfast = stage.open('web-1', { callTimeoutMs: 300 })
    await inService(async () => await holdfast.locks.run('connects', () => 1))
    const route = await serve(stage, {}, holdfast)
    stage.freeze()
    const code = 'IDEMPOTENCY_STORAGE_UNAVAILABLE'
    expect(await route.post(CART, KEY)).toMatchObject({ status: 503, code })
    expect(await stage.run('doctor')).toContain('cannot be reached')
    const silent = stage.run('PING')
    stage.node.resume()
    expect(await silent).toBe('PONG')
    await becomes(async () => (await route.post(CART, KEY)).status === 201)
  },
  async HTTP_FAILURE(stage) {
    const route = await serve(stage)
    route.answer = () => ({ status: 500, body: '{}' })
    expect((await route.post(CART, KEY)).status).toBe(500)
    expect(await stage.run('jobs list')).toContain('failed')
    expect(await stage.run("job 'http")).toContain('HTTP_FAILURE')
    route.answer = () => ORDER
    expect((await route.post(CART, KEY)).status).toBe(201)
  },
}
