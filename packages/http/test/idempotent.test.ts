import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  createServer,
  request as startRequest,
} from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Holdfast, createHoldfast, memoryStorage } from '@holdfast/core'
import { type IdempotentOptions, currentIdempotency, idempotent } from '@holdfast/http'
import express5, { type NextFunction, type Request, type Response } from 'express'
import express4 from 'express4'
import { describe, expect, it, onTestFinished, test } from 'vitest'

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

function instance(): Holdfast {
  const holdfast = createHoldfast({ storage: memoryStorage() })
  onTestFinished(() => holdfast.close())
  return holdfast
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const options = (more: Partial<IdempotentOptions> = {}): IdempotentOptions => ({
  holdfast: instance(),
  scope: 'global',
  route: '/orders',
  ...more,
})

/** A server of `node:http` with one handler, and how often it ran. */
async function nodeServer(
  handler: Handler,
  more: Partial<IdempotentOptions> = {},
): Promise<{ readonly url: string; readonly runs: () => number; readonly errors: unknown[] }> {
  let runs = 0
  const errors: unknown[] = []
  const route = idempotent(options(more), (request, response) => {
    runs += 1
    return handler(request, response)
  })
  const url = await listen((request, response) => {
    route(request, response).catch((error: unknown) => errors.push(error))
  })
  return { url, runs: () => runs, errors }
}

const post = (
  url: string,
  key: string = randomUUID(),
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<globalThis.Response> =>
  fetch(url, { method: 'POST', ...init, headers: { 'idempotency-key': key, ...init.headers } })

async function twice(url: string): Promise<[globalThis.Response, globalThis.Response]> {
  const key = randomUUID()
  const first = await post(url, key)
  // Once more after the whole response has arrived.
  await first.clone().text()
  return [first, await post(url, key)]
}

describe('wrong arguments', () => {
  const { idempotency } = instanceForever()
  const handler = (): void => undefined
  it.each<[string, RegExp, () => unknown]>([
    ['no scope', /scope is missing/, () => idempotent({ holdfast: { idempotency } } as never, handler)],
    ['nothing', /first argument of idempotent must be an object/, () => (idempotent as () => unknown)()],
    [
      'the handler first',
      /first argument of idempotent must be an object; got a function/,
      () => idempotent(handler as never, { holdfast: { idempotency }, scope: 'global' } as never),
    ],
    ['no holdfast', /holdfast must be/, () => idempotent({ scope: 'global' } as never, handler)],
    [
      'an unknown option',
      /retainMS.*retainMs/,
      () => idempotent({ holdfast: { idempotency }, scope: 'global', retainMS: 1 } as never, handler),
    ],
    [
      'a handler that is none',
      /a function/,
      () => idempotent({ holdfast: { idempotency }, scope: 'global' }, 'handler' as never),
    ],
  ])('%s', (_, message, call) => {
    expect(call).toThrow(message)
  })
})

function instanceForever(): Holdfast {
  return createHoldfast({ storage: memoryStorage() })
}

describe('end() in all its forms', () => {
  it.each<[string, string, (response: ServerResponse, done: () => void) => unknown]>([
    ['nothing', '', (response) => response.end()],
    ['a callback', '', (response, done) => response.end(done)],
    ['a text', 'grüße', (response) => response.end('grüße')],
    ['a text and a callback', 'text', (response, done) => response.end('text', done)],
    ['a text in an encoding', 'text', (response) => response.end('dGV4dA==', 'base64')],
    ['all three', 'text', (response, done) => response.end('74657874', 'hex', done)],
    ['bytes', 'text', (response) => response.end(new Uint8Array(Buffer.from('text')))],
    ['writeHead before', 'text', (response) => response.writeHead(200, 'Fine', ['x-a', 'b']).end('text')],
  ])('%s', async (_, body, answer) => {
    let calledBack = 0
    const { url, runs } = await nodeServer((_request, response) => {
      answer(response, () => (calledBack += 1))
    })
    const [first, second] = await twice(url)
    expect([await first.text(), await second.text()]).toEqual([body, body])
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
    expect(runs()).toBe(1)
    expect(calledBack).toBe(answer.length > 1 ? 1 : 0)
  })
})

test('an answer written in pieces is sent once, and not generated again', async () => {
  const { url, runs } = await nodeServer(async (_request, response) => {
    response.write('a')
    await delay(5)
    response.end('b')
  })
  const [first, second] = await twice(url)
  expect(await first.text()).toBe('ab')
  expect(second.status).toBe(409)
  expect(await second.json()).toMatchObject({ code: 'IDEMPOTENCY_RESPONSE_NOT_STORED', reason: 'stream' })
  expect(runs()).toBe(1)
})

test('interim answers and trailers pass, and are not replayed', async () => {
  const { url } = await nodeServer((_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.setHeader('trailer', 'x-sum')
    response.setHeader('transfer-encoding', 'chunked')
    response.addTrailers({ 'x-sum': '1' })
    response.end('text')
  })
  const key = randomUUID()
  const ask = async (): Promise<[number, unknown, string, unknown]> => {
    const outgoing = startRequest(url, { method: 'POST', headers: { 'idempotency-key': key } })
    let hints = 0
    outgoing.on('information', () => (hints += 1))
    outgoing.end()
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of incoming) text += String(chunk)
    return [hints, incoming.trailers['x-sum'], text, incoming.headers['idempotent-replayed']]
  }
  expect(await ask()).toEqual([1, '1', 'text', undefined])
  expect(await ask()).toEqual([0, undefined, 'text', 'true'])
})

test.each(['GET', 'HEAD', 'OPTIONS', 'PUT'])('%s reaches the handler each time', async (method) => {
  const { url, runs } = await nodeServer((_request, response) => response.end('text'))
  const key = randomUUID()
  await post(url, key, { method })
  const second = await post(url, key, { method })
  expect(second.status).toBe(200)
  expect(second.headers.get('idempotent-replayed')).toBeNull()
  expect(runs()).toBe(2)
})

test('with one route, paths are different requests', async () => {
  const { url, runs } = await nodeServer((request, response) => response.end(request.url), {
    route: '/orders/:id',
  })
  const key = randomUUID()
  expect(await (await post(`${url}/orders/1`, key)).text()).toBe('/orders/1')
  expect(await (await post(`${url}/orders/2`, key)).text()).toBe('/orders/2')
  expect(runs()).toBe(2)
})

test('a body that no parser has read is refused', async () => {
  const { url, runs } = await nodeServer((_request, response) => response.end('text'))
  const answer = await post(url, 'k', { body: 'a=1' })
  expect(answer.status).toBe(415)
  expect(runs()).toBe(0)
})

test('scopes do not see the answers of each other', async () => {
  const scope = ({ headers }: IncomingMessage): string => headers.authorization ?? 'nobody'
  const { url } = await nodeServer((request, response) => response.end(request.headers.authorization), {
    scope,
  })
  const as = async (authorization: string): Promise<string> =>
    (await post(url, 'k', { headers: { authorization } })).text()
  expect([await as('alice'), await as('bob'), await as('alice')]).toEqual(['alice', 'bob', 'alice'])
})

test('the handler gets its key and its execution', async () => {
  const { url } = await nodeServer(async (_request, response) => {
    await delay(1)
    const { key, execution } = currentIdempotency() ?? {}
    response.end(`${key} ${execution?.attempt}`)
  })
  expect(await (await post(url, 'k')).text()).toBe('k 1')
  expect(currentIdempotency()).toBeUndefined()
})

describe('node:http', () => {
  it.each<[string, (n: number, response: ServerResponse) => unknown]>([
    [
      'throws',
      () => {
        throw Object.assign(new Error('broken'), { status: 502 })
      },
    ],
    ['rejects', () => Promise.reject(Object.assign(new Error('broken'), { status: 502 }))],
  ])('a handler that %s is answered for, may run again, and its promise rejects', async (_, fail) => {
    let calls = 0
    const { url, errors } = await nodeServer((_request, response) => {
      calls += 1
      return calls === 1 ? fail(calls, response) : response.end('text')
    })
    const [first, second] = await twice(url)
    expect([first.status, await first.text(), second.status]).toEqual([502, 'Bad Gateway', 200])
    expect(errors).toMatchObject([{ message: 'broken' }])
  })

  it('a handler that hands an error to next later is answered for, too', async () => {
    const errors: unknown[] = []
    const route = idempotent(options(), (_request, _response, next) => {
      setTimeout(next, 1, new Error('broken'))
    })
    const url = await listen((request, response) => {
      route(request, response).catch((error: unknown) => errors.push(error))
    })
    expect((await post(url, 'k')).status).toBe(500)
    await expect.poll(() => errors).toMatchObject([{ message: 'broken' }])
  })

  it('without a route refuses the request, and says what to do', async () => {
    const { url, errors } = await nodeServer((_request, response) => response.end('text'), {
      route: undefined,
    })
    expect((await post(url, 'k')).status).toBe(500)
    await expect.poll(() => errors).toMatchObject([{ message: expect.stringMatching(/route is missing/) }])
  })

  it('runs a handler again that has failed in the middle of its answer', async () => {
    let attempts = 0
    const { url, runs } = await nodeServer(async (_request, response) => {
      attempts += 1
      response.write('half')
      await delay(1)
      if (attempts === 1) throw new Error('broken')
      response.end(' and half')
    })
    const key = randomUUID()
    await expect(post(url, key).then((answer) => answer.text())).rejects.toThrow()
    await expect.poll(async () => (await post(url, key)).status).toBe(200)
    expect(runs()).toBe(2)
  })

  it('records the answer for a client that has disconnected', async () => {
    let begin: () => void = () => undefined
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const { url, runs } = await nodeServer(async (_request, response) => {
      begin()
      await once(response, 'close')
      await delay(5)
      response.end('text')
    })
    const { port } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nhost: a\r\nidempotency-key: k\r\ncontent-length: 0\r\n\r\n')
    await begun
    socket.destroy()
    const answers = async (): Promise<number> => (await post(url, 'k')).status
    await expect.poll(answers).toBe(200)
    expect(runs()).toBe(1)
  })
})

describe.each([
  ['5', express5],
  ['4', express4],
])('Express %s', (_, express) => {
  type ExpressHandler = (request: Request, response: Response, next: NextFunction) => unknown

  async function expressServer(handler: ExpressHandler, mounted = false): Promise<string> {
    const app = express()
    app.set('env', 'test')
    const route = idempotent<Request, Response>({ holdfast: instance(), scope: 'global' }, handler)
    if (mounted) app.use('/orders', route)
    else app.post('/orders/:id', route)
    app.use((error: Error, _request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) next(error)
      else response.status(error.message === 'teapot' ? 418 : 500).json({ error: error.message })
    })
    return `${await listen(app)}/orders`
  }

  it.each<[string, ExpressHandler]>([
    [
      'throws',
      () => {
        throw new Error('teapot')
      },
    ],
    ['rejects', () => Promise.reject(new Error('teapot'))],
    ['calls next', (_request, _response, next) => next(new Error('teapot'))],
    ['calls next later', (_request, _response, next) => void setTimeout(() => next(new Error('teapot')), 1)],
  ])('records what the error handler answers for a handler that %s', async (_how, handler) => {
    const [first, second] = await twice(`${await expressServer(handler)}/1`)
    expect([first.status, second.status]).toEqual([418, 418])
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect(await second.json()).toEqual({ error: 'teapot' })
  })

  it('runs a handler again that has failed', async () => {
    let runs = 0
    const url = await expressServer(async (_request, response) => {
      runs += 1
      if (runs === 1) throw new Error('broken')
      response.json({ runs })
    })
    const [first, second] = await twice(`${url}/1`)
    expect([first.status, await second.json()]).toEqual([500, { runs: 2 }])
  })

  it('delivers the answer of a handler that fails afterwards', async () => {
    const url = await expressServer(async (_request, response) => {
      response.status(201).json({ ok: true })
      throw new Error('broken')
    })
    const [first, second] = await twice(`${url}/1`)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(await first.json()).toEqual({ ok: true })
    expect(second.headers.get('idempotent-replayed')).toBe('true')
  })

  it.each<[string, (next: NextFunction) => unknown]>([
    [
      'rejects',
      async () => {
        await delay(1)
        throw new Error('broken')
      },
    ],
    ['calls next later', (next) => void setTimeout(() => next(new Error('broken')), 1)],
  ])('runs a handler again that %s in the middle of its answer', async (_how, fail) => {
    let runs = 0
    const url = await expressServer((_request, response, next) => {
      runs += 1
      if (runs > 1) return void response.json({ runs })
      response.write('half')
      return fail(next)
    })
    await expect(post(`${url}/1`, 'k').then((answer) => answer.text())).rejects.toThrow()
    await expect.poll(async () => (await post(`${url}/1`, 'k')).status).toBe(200)
    expect(runs).toBe(2)
  })

  it('says that two handlers of one route are idempotent, instead of refusing the key to its own request', async () => {
    const http: IdempotentOptions<Request> = { holdfast: instance(), scope: 'global' }
    const app = express()
    const first = idempotent<Request, Response>(http, (_request, _response, next) => next())
    const second = idempotent<Request, Response>(http, (_request, response) => void response.json({}))
    app.post('/orders', first, second)
    app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
      response.status(500).json({ error: error.message })
    })
    const answer = await post(`${await listen(app)}/orders`)
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('Wrap one handler')])
  })

  it('parameters are different requests', async () => {
    const url = await expressServer((request, response) => void response.send(request.params['id']))
    const texts = [await post(`${url}/1`, 'k'), await post(`${url}/2`, 'k')].map((answer) => answer.text())
    expect(await Promise.all(texts)).toEqual(['1', '2'])
  })

  it('in app.use() requires a route', async () => {
    const url = await expressServer((_request, response) => void response.send('text'), true)
    const answer = await post(url, 'k')
    expect(answer.status).toBe(500)
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/route is missing/) })
  })
})
