// `next` of Express and ours are callbacks.
/* oxlint-disable promise/no-callback-in-promise */
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Storage, createHoldfast } from '@holdfast/core'
import { type IdempotentHandler, type Next, idempotent } from '@holdfast/http'
import {
  type Instance,
  askAfterwards,
  askWatchdog,
  askWitness,
  kitDefaults,
  kitRoutes,
} from '@holdfast/test-http-conformance'
import { json, perform } from './perform.ts'

/** The events of the whole process, as an operator's subscriber sees them. */
const events: unknown[] = []
subscribe('holdfast:http', (event) => events.push(event))

const LIMIT = 16_384

/** A request with the fields that this server adds. */
type Request = IncomingMessage & { body?: unknown }
type Handler = (request: Request, response: ServerResponse, next: Next) => unknown

/** The contract of the HTTP cases, served by `node:http` alone: a table of routes and a loop that reads the body. */
export async function serveNode(storage: Storage, callTimeoutMs: number): Promise<Instance> {
  const holdfast = createHoldfast({ storage, prefix: 'kit', callTimeoutMs })
  const { idempotency } = holdfast
  const plain: Handler = async (request, response) =>
    perform(await askWitness(request.headers), response, idempotency)
  const handlers: Readonly<Record<string, Handler>> = {
    async own(request, response, next) {
      await plain(request, response, next)
      const after = await askAfterwards(request.headers)
      return after?.kind === 'throw' ? perform(after, response, idempotency) : undefined
    },
    callback(request, response, next) {
      askWitness(request.headers)
        .then((instruction) => perform(instruction, response, idempotency))
        .catch(next)
    },
  }
  const routes = new Map<string, IdempotentHandler<Request, ServerResponse>>()
  for (const [name, { method, path, options }] of Object.entries(kitRoutes)) {
    const handler = handlers[name] ?? plain
    routes.set(
      `${method} ${path}`,
      idempotent<Request, ServerResponse>({ ...kitDefaults, ...options, holdfast, route: path }, handler),
    )
  }

  const serve = async (request: Request, response: ServerResponse): Promise<void> => {
    const { method = '' } = request
    const [path = ''] = (request.url ?? '').split('?')
    const answer = (status: number, body: unknown): void => {
      response.statusCode = status
      json(response, body)
    }
    const renderError: Next = (error) => {
      if (response.headersSent) return
      const { status = 500, message } = error as { status?: number; message: string }
      const rendered = { '/filtered': 418, '/pardoned': 200 }[path]
      if (rendered === undefined) answer(status, { status })
      else answer(rendered, { filtered: message })
    }
    watch(path, request, response, renderError)
    if (method === 'GET' || method === 'HEAD') {
      if (path === '/kit/events') answer(200, events)
      else await plain(request, response, renderError)
      return
    }
    const body = await bodyOf(request)
    if (body === undefined) return answer(413, { status: 413 })
    const refused = refusal(path, request, body)
    if (refused !== undefined) return answer(refused, { status: refused })
    if (body.length > 0) request.body = parsed(request, body)
    const route = routes.get(`${method} ${path}`) ?? routes.get(`${method} ${path.replace(/[^/]+$/, ':id')}`)
    if (route === undefined) answer(404, { status: 404 })
    else await route(request, response, renderError)
  }
  const server = createServer(
    (request, response) => void serve(request, response).catch(() => response.destroy()),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      server.closeIdleConnections()
      await holdfast.close({ graceMs: 1_000 })
      server.closeAllConnections()
    },
  }
}

/** Undefined when it is too long. */
async function bodyOf(request: Request): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= LIMIT) chunks.push(chunk)
  }
  return length > LIMIT ? undefined : Buffer.concat(chunks)
}

/** Parses JSON; any other body stays bytes. */
function parsed({ headers }: Request, body: Buffer): unknown {
  if (!headers['content-type']?.startsWith('application/json')) return body
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    return body
  }
}

function refusal(path: string, { headers }: Request, body: Buffer): number | undefined {
  const role = String(headers['x-role'])
  if (path === '/guarded') return { nobody: 401, eager: 429 }[role]
  if (path === '/late') return { nobody: 401 }[role]
  if (path !== '/validated') return undefined
  return typeof (JSON.parse(body.toString() || 'null') as { amount?: unknown } | null)?.amount === 'number'
    ? undefined
    : 400
}

function watch(path: string, request: Request, response: ServerResponse, giveUp: Next): void {
  void askWatchdog(request.headers)?.then(({ status, text }) => {
    if (path === '/timed') giveUp(Object.assign(new Error(text), { status }))
    else if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' }).end(text)
  })
}
